//! Which page of a poll comes next, and where a poll stands when it is over.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::id::Set;
use crate::feed::asides::hash;
use crate::feed::fault::{Fault, FaultKind};
use crate::feed::mapping::Mapped;
use crate::feed::platform::Paging;
use crate::feed::template::Values;

/// Where a poll stands, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// The end of the last window that was read whole, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Which page of a round comes next.
#[derive(Debug, Default)]
pub struct Page {
    /// From 1.
    pub number: u32,
    offset: u64,
    /// Pages that are read again.
    back: u32,
    pub token: Option<String>,
    pub since: Option<String>,
    pub link: Option<String>,
    /// The mark of the page before.
    look: Option<u64>,
    /// Tokens and links of the round so far.
    been: Set<u64>,
    /// The lookup table.
    pub join: Option<Arc<str>>,
}

impl Page {
    pub fn first(paging: &Paging, cursor: &Cursor) -> Self {
        let token = if matches!(paging, Paging::Token { persist: true, .. }) { cursor.token.clone() } else { None };
        let been = token.iter().chain(&cursor.since).map(|page| hash(&page.as_str())).collect();
        Self { number: 1, offset: 0, token, since: cursor.since.clone(), been, ..Self::default() }
    }

    /// The page before the last one is read again: rows moved up to it while that one was waited for.
    pub fn step_back(&mut self, paging: &Paging) -> bool {
        match paging {
            Paging::Offset { size } => self.offset = self.offset.saturating_sub(2 * u64::from(*size)),
            Paging::Page { .. } => self.back += 2,
            Paging::One | Paging::Token { .. } | Paging::Link { .. } | Paging::Since { .. } | Paging::Queue => {}
        }
        self.look = None;
        true
    }

    pub fn set(&self, paging: &Paging, values: &mut Values) {
        match paging {
            Paging::One | Paging::Link { .. } | Paging::Queue => {}
            Paging::Offset { .. } => values.set_text("offset", self.offset.to_string()),
            Paging::Page { first, .. } => {
                values.set_text("page", u64::from(*first + self.number.saturating_sub(1 + self.back)).to_string())
            }
            Paging::Token { alone, .. } => {
                set_optional(values, "page_token", self.token.as_ref());
                if *alone && self.token.is_some() {
                    for name in ["from", "to"] {
                        values.remove(name);
                    }
                }
            }
            Paging::Since { .. } => set_optional(values, "since", self.since.as_ref()),
        }
        if let Some(size) = paging.size() {
            values.set_text("size", size.to_string());
        }
    }

    /// Goes on to the next page; false when this was the last.
    pub fn step(&mut self, paging: &Paging, mapped: &Mapped, cursor: &mut Cursor) -> Result<bool, Fault> {
        self.number += 1;
        let next = mapped.next.clone();
        Ok(match paging {
            Paging::One => false,
            Paging::Queue => mapped.inputs > 0,
            Paging::Offset { size } | Paging::Page { size, .. } => {
                self.offset += mapped.inputs as u64;
                // some platforms give the last page again behind the last
                let is_again = mapped.look.is_some() && mapped.look == self.look;
                self.look = mapped.look;
                // a `next` filter that says no ends it, else a page that is not full
                mapped.inputs > 0 && !is_again && (next.is_some() || mapped.inputs >= *size as usize)
            }
            Paging::Token { persist, .. } => {
                if *persist && next.is_some() {
                    cursor.token.clone_from(&next);
                }
                // an empty page leads nowhere; behind a token that is kept, to what is not there yet
                let ends = next.is_none() || mapped.inputs == 0 && (*persist || self.has_been(next.as_deref()));
                let ends = ends || *persist && next == self.token;
                self.token.clone_from(&next);
                !ends && self.goes_to(next.as_deref())?
            }
            Paging::Since { .. } => {
                let moved = next.is_some() && next != self.since;
                if moved {
                    self.goes_to(next.as_deref())?;
                    self.since.clone_from(&next);
                    cursor.since = next;
                }
                moved
            }
            Paging::Link { .. } => {
                // what stands behind the # is not asked for
                self.link = next.map(|link| link.split('#').next().unwrap_or_default().to_owned());
                let link = self.link.clone();
                link.is_some() && self.goes_to(link.as_deref())?
            }
        })
    }

    /// True for a page that was read in this round.
    fn has_been(&self, next: Option<&str>) -> bool {
        next.is_some_and(|next| self.been.contains(&hash(&next)))
    }

    /// Notes a page that is read now.
    fn goes_to(&mut self, next: Option<&str>) -> Result<bool, Fault> {
        if next.is_some_and(|next| !self.been.insert(hash(&next))) {
            return Err(Fault::new(FaultKind::Paging, "the next page was read before"));
        }
        Ok(true)
    }
}

fn set_optional(values: &mut Values, name: &str, value: Option<&String>) {
    match value {
        Some(text) => values.set_text(name, text),
        None => values.remove(name),
    }
}

/// The address with `rel="next"` of a `Link` header.
pub fn next_link(headers: &reqwest::header::HeaderMap) -> Option<String> {
    let links = headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|text| text.split(',')).find_map(|link| {
        let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = rest.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
        is_next.then(|| address.to_owned())
    })
}

/// A link that the platform gave, if it stays where we are: credentials go nowhere else.
pub fn same_origin(base: &reqwest::Url, link: &str) -> Result<reqwest::Url, Fault> {
    let url = base.join(link).map_err(|_| Fault::new(FaultKind::ForeignLink, "the next page has no address"))?;
    if url.origin() == base.origin() { Ok(url) } else { Err(Fault::new(FaultKind::ForeignLink, "the next page is on another host")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_on_their_host() {
        let base = reqwest::Url::parse("https://shop.example/a?x=1").unwrap();
        assert_eq!(same_origin(&base, "/b?page=2").unwrap().as_str(), "https://shop.example/b?page=2");
        for link in ["https://evil.example/b", "http://shop.example/b", "https://shop.example:8443/", "//evil.example"] {
            assert_eq!(same_origin(&base, link).map_err(|f| f.kind), Err(FaultKind::ForeignLink), "{link}");
        }
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("link", "<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\"".parse().unwrap());
        assert_eq!(next_link(&headers).as_deref(), Some("https://a/3"));
    }

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        let paging = Paging::Offset { size: 2 };
        let mut cursor = Cursor::default();
        let mut page = Page::first(&paging, &cursor);
        let full = Mapped { inputs: 2, ..Mapped::default() };
        let short = Mapped { inputs: 1, ..Mapped::default() };
        assert_eq!(page.step(&paging, &full, &mut cursor), Ok(true));
        assert_eq!(page.offset, 2);
        assert_eq!(page.step(&paging, &short, &mut cursor), Ok(false));
        let mut page = Page::first(&paging, &cursor);
        let seen = |look: u64| Mapped { look: Some(look), ..full.clone() };
        let steps = [7, 8, 8].map(|look| page.step(&paging, &seen(look), &mut cursor));
        assert_eq!(steps, [Ok(true), Ok(true), Ok(false)], "behind the last page comes the last page again");
    }

    #[test]
    fn a_kept_token_waits_at_an_empty_page() {
        let paging = Paging::Token { persist: true, alone: false, size: 100 };
        let mut cursor = Cursor::default();
        let mut page = Page::first(&paging, &cursor);
        let step = |page: &mut Page, cursor: &mut Cursor, inputs: usize, next: &str| {
            page.step(&paging, &Mapped { inputs, next: Some(next.into()), ..Mapped::default() }, cursor)
        };
        assert_eq!(step(&mut page, &mut cursor, 5, "a"), Ok(true));
        assert_eq!(step(&mut page, &mut cursor, 0, "b"), Ok(false));
        assert_eq!(cursor.token.as_deref(), Some("b"));
    }

    #[test]
    fn pages_that_lead_back_are_a_fault_and_an_empty_one_is_the_end() {
        let kept = Paging::Token { persist: true, alone: false, size: 100 };
        let told = Err("the next page was read before".to_owned());
        for paging in [Paging::Token { persist: false, alone: false, size: 9 }, kept, Paging::Link { size: 9 }, Paging::Since { size: 9 }] {
            let mut cursor = Cursor::default();
            let mut page = Page::first(&paging, &cursor);
            let mut step = |inputs: usize, next: &str| {
                let mapped = Mapped { inputs, next: Some(next.into()), ..Mapped::default() };
                page.step(&paging, &mapped, &mut cursor).map_err(|fault| fault.detail)
            };
            assert_eq!([step(3, "p2"), step(3, "p3"), step(3, "p4")], [Ok(true), Ok(true), Ok(true)], "{paging:?}");
            assert_eq!(step(3, "p2"), told, "{paging:?}: a circle");
        }
        let paging = Paging::Token { persist: false, alone: false, size: 100 };
        let mut page = Page::first(&paging, &Cursor::default());
        let mut step =
            |inputs: usize| page.step(&paging, &Mapped { inputs, next: Some("p2".into()), ..Mapped::default() }, &mut Cursor::default());
        assert_eq!(step(3), Ok(true));
        assert_eq!(step(3).map_err(|fault| fault.detail), told, "the page itself");
        assert_eq!(step(0), Ok(false));
    }

    #[test]
    fn a_token_that_goes_alone_takes_no_window_along() {
        let window = |alone: bool, token: Option<&str>| {
            let page = Page { token: token.map(str::to_owned), ..Page::default() };
            let mut values = Values::default();
            values.set_text("from", "f");
            page.set(&Paging::Token { persist: false, alone, size: 9 }, &mut values);
            (values.get("from").is_some(), values.get("page_token").is_some())
        };
        assert_eq!(window(true, None), (true, false), "the first page");
        assert_eq!(window(true, Some("p2")), (false, true));
        assert_eq!(window(false, Some("p2")), (true, true));
    }
}

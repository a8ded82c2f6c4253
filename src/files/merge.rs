//! Several inputs as one, in their common order.

use std::fs::File;

use super::course::{Course, Detour};
use super::entry::Entry;
use super::lines::Lines;
use super::nearly::Nearly;
use super::pages::Pages;
use super::runs::Runs;
use super::{FilesError, Input, InputReport, Origin};

/// An input whose entries come in order.
#[derive(Debug)]
enum Ordered<'a> {
    Nearly(Box<Nearly<'a>>),
    Runs(Box<Runs<'a>>),
    Pages(Box<Pages<'a>>),
}

impl<'a> Ordered<'a> {
    fn open(input: &Input, place: usize, course: &'a Course) -> Result<Self, Detour> {
        let unreadable = |error| FilesError::Unreadable { path: input.name.clone(), error };
        let file = match &input.origin {
            Origin::Journal(path) => return Ok(Self::Pages(Box::new(Pages::open(course, path, place, &input.name)?))),
            Origin::Lines(path) => File::open(path).map_err(unreadable)?,
            Origin::Spooled(spool) => spool.rewound().map_err(unreadable)?,
        };
        let lines = Lines::new(course, file, place, &input.name);
        if course.unsorted.get(place).copied().unwrap_or(false) {
            Ok(Self::Runs(Box::new(Runs::sort(course, lines, place)?)))
        } else {
            Ok(Self::Nearly(Box::new(Nearly::new(lines))))
        }
    }

    fn current(&self) -> Option<&Entry> {
        match self {
            Self::Nearly(nearly) => nearly.current(),
            Self::Runs(runs) => runs.current(),
            Self::Pages(pages) => pages.current(),
        }
    }

    fn current_mut(&mut self) -> Option<&mut Entry> {
        match self {
            Self::Nearly(nearly) => nearly.current_mut(),
            Self::Runs(runs) => runs.current_mut(),
            Self::Pages(pages) => pages.current_mut(),
        }
    }

    fn advance(&mut self) -> Result<(), Detour> {
        match self {
            Self::Nearly(nearly) => nearly.advance(),
            Self::Runs(runs) => runs.advance(),
            Self::Pages(pages) => pages.advance(),
        }
    }

    fn report(&mut self) -> &mut InputReport {
        match self {
            Self::Nearly(nearly) => nearly.report(),
            Self::Runs(runs) => &mut runs.report,
            Self::Pages(pages) => &mut pages.report,
        }
    }
}

/// All inputs, always at the entry that comes first.
#[derive(Debug)]
pub struct Merge<'a> {
    inputs: Vec<Ordered<'a>>,
    /// The input whose entry is out.
    out: Option<usize>,
}

impl<'a> Merge<'a> {
    pub fn open(inputs: &[Input], course: &'a Course) -> Result<Self, Detour> {
        let mut opened = Vec::with_capacity(inputs.len());
        for (place, input) in inputs.iter().enumerate() {
            let mut ordered = Ordered::open(input, place, course)?;
            if inputs.len() > 1 {
                ordered.advance()?;
            }
            opened.push(ordered);
        }
        let out = (opened.len() == 1).then_some(0);
        Ok(Self { inputs: opened, out })
    }

    /// The next entry of all.
    pub fn advance(&mut self) -> Result<Option<&mut Entry>, Detour> {
        if let Some(input) = self.out.and_then(|out| self.inputs.get_mut(out)) {
            input.advance()?;
        }
        if self.inputs.len() > 1 {
            let heads = self.inputs.iter().enumerate().filter_map(|(place, input)| Some((place, input.current()?)));
            self.out = heads.min_by(|a, b| a.1.order(b.1)).map(|(place, _)| place);
        }
        Ok(self.out.and_then(|out| self.inputs.get_mut(out)).and_then(Ordered::current_mut))
    }

    pub fn report(&mut self, input: usize) -> &mut InputReport {
        self.inputs[input].report()
    }

    pub fn into_reports(mut self) -> Vec<InputReport> {
        self.inputs.iter_mut().map(|input| std::mem::take(input.report())).collect()
    }
}

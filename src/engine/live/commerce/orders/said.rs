//! What one version of an order says, as it is kept.

use smallvec::SmallVec;

use super::ties::Ties;
use super::{Desk, UNKNOWN, Version, bounded};
use crate::engine::event::{Item, OrderStatus, Purchase};
use crate::engine::id::{Name, Sym};
use crate::engine::plan::Plan;
use crate::engine::series::MOST_UNITS;
use crate::engine::time::Moment;

/// What a line of an order or a cart stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub product: Sym,
    pub units: i64,
    /// Quantity × price − discount, in minor units.
    pub amount: i64,
}

/// What the winning version says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub version: Version,
    pub status: OrderStatus,
    pub value: i64,
    pub placed_at: Option<Moment>,
    pub paid_at: Option<Moment>,
    pub cancelled_at: Option<Moment>,
    pub expires_at: Option<Moment>,
    pub ties: Ties,
    /// By the plan's rules, or unknown.
    pub channel: Sym,
    pub promotional: bool,
    pub lines: SmallVec<[Line; 1]>,
}

/// Orders of staff and testers, by the plan.
pub fn is_excluded(purchase: &Purchase, plan: &Plan) -> bool {
    let exclude = &plan.exclude;
    let listed = |list: &[Name], name: &Option<Name>| name.as_ref().is_some_and(|name| list.contains(name));
    listed(&exclude.customers, &purchase.customer)
        || listed(&exclude.visitors, &purchase.visitor)
        || purchase.coupons.iter().any(|coupon| exclude.coupons.contains(coupon))
}

pub fn read_purchase(purchase: &Purchase, version: Version, desk: &mut Desk<'_>) -> Said {
    let discounted = purchase.discount.is_some_and(|discount| discount.minor > 0)
        || purchase.items.iter().any(|item| item.discount.is_some_and(|discount| discount.minor > 0));
    let channel = desk.books.channel(purchase.channel.as_ref(), &purchase.coupons, desk.plan);
    let books = &mut *desk.books;
    let ties = Ties {
        channel: Some(channel).filter(|channel| books.channels.text(*channel) != UNKNOWN),
        customer: purchase.customer.as_ref().map(|customer| books.customers.intern(customer)),
        visitor: purchase.visitor.as_ref().map(|visitor| books.visitors.intern(visitor)),
        method: purchase.method.as_ref().map(|method| books.methods.intern(method)),
        new: purchase.new,
        attributed: attribution(purchase, desk.plan),
    };
    Said {
        version,
        status: purchase.status,
        value: bounded(desk.purse.take(purchase.value)),
        placed_at: purchase.placed_at.map(Moment::from),
        paid_at: purchase.paid_at.map(Moment::from),
        cancelled_at: purchase.cancelled_at.map(Moment::from),
        expires_at: purchase.expires_at.map(Moment::from),
        ties,
        channel,
        promotional: discounted || !purchase.coupons.is_empty(),
        lines: read_lines(&purchase.items, desk),
    }
}

/// Whether the order says itself that it belongs to this live: by its tag, a coupon or a campaign. Nothing where it names none.
fn attribution(purchase: &Purchase, plan: &Plan) -> Option<bool> {
    use crate::engine::event::ChannelClue;
    let scope = &plan.scope;
    let campaign = match &purchase.channel {
        Some(ChannelClue::Parts(parts)) => parts.campaign.as_ref(),
        Some(ChannelClue::Name(_)) | None => None,
    };
    let says = purchase.live.is_some() || campaign.is_some() || !purchase.coupons.is_empty();
    says.then(|| {
        purchase.live.as_ref().is_some_and(|tag| scope.live.contains(tag))
            || purchase.coupons.iter().any(|coupon| scope.coupons.iter().any(|known| known.eq_ignore_ascii_case(coupon)))
            || campaign.is_some_and(|campaign| scope.campaigns.iter().any(|known| known.eq_ignore_ascii_case(campaign)))
    })
}

/// The lines of an order or a cart, one a product.
pub fn read_lines(items: &[Item], desk: &mut Desk<'_>) -> SmallVec<[Line; 1]> {
    let mut lines = SmallVec::<[Line; 1]>::new();
    for item in items {
        let product = desk.books.product(&item.sku, None, desk.plan);
        if let Some(title) = &item.name {
            desk.books.entitle(product, title);
        }
        let units = item.quantity.clamp(-MOST_UNITS, MOST_UNITS);
        let price = item.price.map_or(0, |price| desk.purse.take(price));
        let discount = item.discount.map_or(0, |discount| desk.purse.take(discount));
        let amount = bounded(i128::from(units).saturating_mul(price).saturating_sub(discount));
        match lines.iter_mut().find(|line| line.product == product) {
            Some(line) => {
                line.units += units;
                line.amount = line.amount.saturating_add(amount);
            }
            None => lines.push(Line { product, units, amount }),
        }
    }
    lines
}

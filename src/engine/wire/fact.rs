//! What each `type` is made of: the table of the contract, one reader a type.

use super::fields::{Fault, Fields, Key};
use crate::engine::event::{
    AdSpend, AdviceAnswer, Answer, Audience, AuthorKind, Cancellation, Cart, CartStatus, ChatMessage, CheckoutAct, Closed, Control,
    Correction, CorrectionKind, Cue, Fact, FeedState, FeedStatus, Guarantee, Intervention, InterventionEnd, InterventionKind, Inventory,
    ItemAct, Lead, Note, OrderStatus, Payment, PaymentStatus, Pin, PinEnd, PlatformReading, Purchase, Quarantine, Reaction, ReadingKind,
    Refund, SegmentKind, ViewerAct,
};

const CART_STATUS: &[(&str, CartStatus)] =
    &[("open", CartStatus::Open), ("checkout", CartStatus::Checkout), ("left", CartStatus::Left), ("bought", CartStatus::Bought)];
const ORDER_STATUS: &[(&str, OrderStatus)] =
    &[("placed", OrderStatus::Placed), ("paid", OrderStatus::Paid), ("cancelled", OrderStatus::Cancelled)];
const PAYMENT_STATUS: &[(&str, PaymentStatus)] = &[
    ("pending", PaymentStatus::Pending),
    ("approved", PaymentStatus::Approved),
    ("declined", PaymentStatus::Declined),
    ("expired", PaymentStatus::Expired),
];
const AUTHOR_KIND: &[(&str, AuthorKind)] =
    &[("viewer", AuthorKind::Viewer), ("host", AuthorKind::Host), ("moderator", AuthorKind::Moderator), ("staff", AuthorKind::Staff)];
const READING_KIND: &[(&str, ReadingKind)] =
    &[("gauge", ReadingKind::Gauge), ("total", ReadingKind::Total), ("bucket", ReadingKind::Bucket)];
const SEGMENT_KIND: &[(&str, SegmentKind)] = &[
    ("demo", SegmentKind::Demo),
    ("talk", SegmentKind::Talk),
    ("offer", SegmentKind::Offer),
    ("qa", SegmentKind::Qa),
    ("giveaway", SegmentKind::Giveaway),
    ("break", SegmentKind::Break),
];
const ANSWER: &[(&str, Answer)] = &[
    ("seen", Answer::Seen),
    ("waiting", Answer::Waiting),
    ("said", Answer::Said),
    ("accepted", Answer::Accepted),
    ("declined", Answer::Declined),
    ("snoozed", Answer::Snoozed),
    ("held_out", Answer::HeldOut),
    ("muted", Answer::Muted),
];
const CORRECTION_KIND: &[(&str, CorrectionKind)] = &[
    ("exclude_order", CorrectionKind::ExcludeOrder),
    ("include_order", CorrectionKind::IncludeOrder),
    ("merge_channel", CorrectionKind::MergeChannel),
    ("void", CorrectionKind::Void),
];
const FEED_STATUS: &[(&str, FeedStatus)] = &[
    ("starting", FeedStatus::Starting),
    ("ok", FeedStatus::Ok),
    ("retrying", FeedStatus::Retrying),
    ("ended", FeedStatus::Ended),
    ("failed", FeedStatus::Failed),
];
const GUARANTEE: &[(&str, Guarantee)] =
    &[("durable", Guarantee::Durable), ("resumable", Guarantee::Resumable), ("best_effort", Guarantee::BestEffort)];

/// A fact needs an id; states, gauges, buckets and the records of the desk's own keeping do not.
const FACT: bool = true;
const STATE: bool = false;

/// Reads what a type is made of.
type Reader = fn(&mut Fields<'_>) -> Result<Fact, Fault>;

/// How a line with that `type` is read, and whether it must have an id.
pub fn of_type(kind: &str) -> Option<(Reader, bool)> {
    Some(match kind.as_bytes() {
        b"view_item" => (|f| Ok(Fact::ViewItem(item_act(f)?)), FACT),
        b"select_item" => (|f| Ok(Fact::SelectItem(item_act(f)?)), FACT),
        b"add_to_cart" => (|f| Ok(Fact::AddToCart(item_act(f)?)), FACT),
        b"remove_from_cart" => (|f| Ok(Fact::RemoveFromCart(item_act(f)?)), FACT),
        b"begin_checkout" => (|f| Ok(Fact::BeginCheckout(checkout_act(f)?)), FACT),
        b"add_payment_info" => (|f| Ok(Fact::AddPaymentInfo(checkout_act(f)?)), FACT),
        b"cart" => (|f| Ok(Fact::Cart(cart(f)?)), STATE),
        b"purchase" => (|f| Ok(Fact::Purchase(Box::new(purchase(f)?))), STATE),
        b"payment" => (|f| Ok(Fact::Payment(payment(f)?)), FACT),
        b"cancellation" => (|f| Ok(Fact::Cancellation(cancellation(f)?)), FACT),
        b"refund" => (|f| Ok(Fact::Refund(refund(f)?)), FACT),
        b"audience" => (|f| Ok(Fact::Audience(audience(f)?)), STATE),
        b"viewer_join" => (|f| Ok(Fact::ViewerJoin(viewer_act(f)?)), FACT),
        b"viewer_leave" => (|f| Ok(Fact::ViewerLeave(viewer_act(f)?)), FACT),
        b"chat_message" => (|f| Ok(Fact::ChatMessage(chat_message(f)?)), FACT),
        b"reaction" => (|f| Ok(Fact::Reaction(reaction(f)?)), FACT),
        b"product_pinned" => (|f| Ok(Fact::ProductPinned(Pin { sku: f.need_name(Key::Sku)? })), FACT),
        b"product_unpinned" => (|f| Ok(Fact::ProductUnpinned(PinEnd { sku: f.name(Key::Sku)? })), FACT),
        b"inventory" => (|f| Ok(Fact::Inventory(inventory(f)?)), STATE),
        b"ad_spend" => (|f| Ok(Fact::AdSpend(ad_spend(f)?)), STATE),
        b"reading" => (|f| Ok(Fact::Reading(reading(f)?)), STATE),
        b"generate_lead" => (|f| Ok(Fact::GenerateLead(lead(f)?)), FACT),
        b"cue" => (|f| Ok(Fact::Cue(cue(f)?)), FACT),
        _ => return of_desk(kind),
    })
}

/// Types that the desk writes itself.
fn of_desk(kind: &str) -> Option<(Reader, bool)> {
    Some(match kind {
        "intervention" => (|f| Ok(Fact::Intervention(Box::new(intervention(f)?))), FACT),
        "intervention_ended" => (|f| Ok(Fact::InterventionEnded(intervention_end(f)?)), FACT),
        "intervention_withdrawn" => (|f| Ok(Fact::InterventionWithdrawn(intervention_end(f)?)), FACT),
        "note" => (|f| Ok(Fact::Note(Note { text: f.need_text(Key::Text)?, operator: f.name(Key::Operator)? })), FACT),
        "advice_answer" => (|f| Ok(Fact::AdviceAnswer(advice_answer(f)?)), FACT),
        "correction" => (|f| Ok(Fact::Correction(correction(f)?)), FACT),
        "plan" => (|f| Ok(Fact::Plan(Control { body: f.body()? })), STATE),
        "playbook" => (|f| Ok(Fact::Playbook(Control { body: f.body()? })), STATE),
        "priors" => (|f| Ok(Fact::Priors(Control { body: f.body()? })), STATE),
        "feed_state" => (|f| Ok(Fact::FeedState(Box::new(feed_state(f)?))), STATE),
        "closed" => (|f| Ok(Fact::Closed(Closed { operator: f.name(Key::Operator)? })), STATE),
        _ => return None,
    })
}

const fn missing(key: Key) -> Fault {
    Fault::new(Quarantine::BadField, key)
}

fn item_act(f: &mut Fields<'_>) -> Result<ItemAct, Fault> {
    Ok(ItemAct {
        sku: f.need_name(Key::Sku)?,
        product: f.name(Key::Product)?,
        quantity: f.count(Key::Quantity)?,
        price: f.money(Key::Price)?,
        visitor: f.name(Key::Visitor)?,
        cart: f.name(Key::Cart)?,
        channel: f.channel()?,
    })
}

fn checkout_act(f: &mut Fields<'_>) -> Result<CheckoutAct, Fault> {
    Ok(CheckoutAct {
        cart: f.need_name(Key::Cart)?,
        value: f.money(Key::Value)?,
        items: f.items()?,
        sku: f.name(Key::Sku)?,
        quantity: f.count(Key::Quantity)?,
        price: f.money(Key::Price)?,
        method: f.name(Key::Method)?,
        visitor: f.name(Key::Visitor)?,
        channel: f.channel()?,
    })
}

fn cart(f: &mut Fields<'_>) -> Result<Cart, Fault> {
    Ok(Cart {
        cart: f.need_name(Key::Cart)?,
        status: f.one_of(Key::Status, CART_STATUS)?.ok_or(missing(Key::Status))?,
        rev: f.rev()?,
        value: f.money(Key::Value)?,
        items: f.items()?,
        visitor: f.name(Key::Visitor)?,
        customer: f.name(Key::Customer)?,
        channel: f.channel()?,
    })
}

fn purchase(f: &mut Fields<'_>) -> Result<Purchase, Fault> {
    Ok(Purchase {
        order: f.need_name(Key::Order)?,
        value: f.need_money(Key::Value)?,
        status: f.one_of(Key::Status, ORDER_STATUS)?.unwrap_or_default(),
        rev: f.rev()?,
        placed_at: f.time(Key::PlacedAt)?,
        paid_at: f.time(Key::PaidAt)?,
        cancelled_at: f.time(Key::CancelledAt)?,
        expires_at: f.time(Key::ExpiresAt)?,
        items: f.items()?,
        cart: f.name(Key::Cart)?,
        customer: f.name(Key::Customer)?,
        new: f.flag(Key::New)?,
        visitor: f.name(Key::Visitor)?,
        channel: f.channel()?,
        discount: f.signed_money(Key::Discount)?,
        coupons: f.names(Key::Coupons)?,
        method: f.name(Key::Method)?,
        live: f.name(Key::Live)?,
    })
}

fn payment(f: &mut Fields<'_>) -> Result<Payment, Fault> {
    Ok(Payment {
        order: f.need_name(Key::Order)?,
        status: f.one_of(Key::Status, PAYMENT_STATUS)?.ok_or(missing(Key::Status))?,
        method: f.name(Key::Method)?,
        value: f.money(Key::Value)?,
        expires_at: f.time(Key::ExpiresAt)?,
        payment: f.name(Key::Payment)?,
    })
}

fn cancellation(f: &mut Fields<'_>) -> Result<Cancellation, Fault> {
    Ok(Cancellation { order: f.need_name(Key::Order)?, reason: f.name(Key::Reason)? })
}

fn refund(f: &mut Fields<'_>) -> Result<Refund, Fault> {
    let total = f.flag(Key::Total)?.unwrap_or(false);
    Ok(Refund {
        order: f.need_name(Key::Order)?,
        value: if total { f.money(Key::Value)? } else { Some(f.need_money(Key::Value)?) },
        items: f.items()?,
        reason: f.name(Key::Reason)?,
        payment: f.name(Key::Payment)?,
        total,
    })
}

fn audience(f: &mut Fields<'_>) -> Result<Audience, Fault> {
    Ok(Audience { viewers: f.need_count(Key::Viewers)?, channel: f.channel()?, engaged: f.count(Key::Engaged)? })
}

fn viewer_act(f: &mut Fields<'_>) -> Result<ViewerAct, Fault> {
    Ok(ViewerAct { visitor: f.need_name(Key::Visitor)?, channel: f.channel()?, watched_s: f.count(Key::WatchedS)? })
}

fn chat_message(f: &mut Fields<'_>) -> Result<ChatMessage, Fault> {
    Ok(ChatMessage {
        author: f.need_name(Key::Author)?,
        text: f.need_text(Key::Text)?,
        author_kind: f.one_of(Key::AuthorKind, AUTHOR_KIND)?.unwrap_or_default(),
        reply_to: f.name(Key::ReplyTo)?,
        value: f.money(Key::Value)?,
    })
}

fn reaction(f: &mut Fields<'_>) -> Result<Reaction, Fault> {
    Ok(Reaction { kind: f.need_name(Key::Kind)?, count: f.count(Key::Count)?, author: f.name(Key::Author)?, value: f.money(Key::Value)? })
}

/// Stock may be negative: that is what overselling looks like.
fn inventory(f: &mut Fields<'_>) -> Result<Inventory, Fault> {
    Ok(Inventory {
        sku: f.need_name(Key::Sku)?,
        available: f.integer(Key::Available)?.ok_or(missing(Key::Available))?,
        location: f.name(Key::Location)?,
        reserved: f.integer(Key::Reserved)?,
        price: f.money(Key::Price)?,
    })
}

/// Spend may be negative: an ads account gives money back.
fn ad_spend(f: &mut Fields<'_>) -> Result<AdSpend, Fault> {
    Ok(AdSpend {
        value: f.signed_money(Key::Value)?.ok_or(missing(Key::Value))?,
        channel: f.channel()?,
        campaign: f.name(Key::Campaign)?,
        bucket: f.bucket()?,
        total: f.flag(Key::Total)?.unwrap_or(false),
        clicks: f.count(Key::Clicks)?,
        impressions: f.count(Key::Impressions)?,
    })
}

fn reading(f: &mut Fields<'_>) -> Result<PlatformReading, Fault> {
    Ok(PlatformReading {
        metric: f.need_name(Key::Metric)?,
        value: f.figure()?,
        sku: f.name(Key::Sku)?,
        channel: f.channel()?,
        kind: f.one_of(Key::Kind, READING_KIND)?,
        bucket: f.bucket()?,
    })
}

fn lead(f: &mut Fields<'_>) -> Result<Lead, Fault> {
    Ok(Lead { lead: f.name(Key::Lead)?, campaign: f.name(Key::Campaign)?, channel: f.channel()? })
}

fn cue(f: &mut Fields<'_>) -> Result<Cue, Fault> {
    Ok(Cue {
        segment: f.need_name(Key::Segment)?,
        kind: f.one_of(Key::Kind, SEGMENT_KIND)?,
        host: f.name(Key::Host)?,
        sku: f.name(Key::Sku)?,
    })
}

fn intervention(f: &mut Fields<'_>) -> Result<Intervention, Fault> {
    let kind = f.name(Key::Kind)?.and_then(|kind| InterventionKind::parse(&kind)).ok_or(missing(Key::Kind))?;
    Ok(Intervention {
        kind,
        sku: f.name(Key::Sku)?,
        duration_s: f.count(Key::DurationS)?,
        parameters: f.parameters()?,
        advice: f.name(Key::Advice)?,
        operator: f.name(Key::Operator)?,
    })
}

fn intervention_end(f: &mut Fields<'_>) -> Result<InterventionEnd, Fault> {
    Ok(InterventionEnd { intervention: f.need_name(Key::Intervention)?, operator: f.name(Key::Operator)? })
}

fn advice_answer(f: &mut Fields<'_>) -> Result<AdviceAnswer, Fault> {
    Ok(AdviceAnswer {
        advice: f.need_name(Key::Advice)?,
        answer: f.one_of(Key::Answer, ANSWER)?.ok_or(missing(Key::Answer))?,
        reason: f.name(Key::Reason)?,
        until: f.time(Key::Until)?,
        parameters: f.parameters()?,
        operator: f.name(Key::Operator)?,
    })
}

fn correction(f: &mut Fields<'_>) -> Result<Correction, Fault> {
    Ok(Correction {
        kind: f.one_of(Key::Kind, CORRECTION_KIND)?.ok_or(missing(Key::Kind))?,
        target: f.need_name(Key::Target)?,
        value: f.name(Key::Value)?,
        reason: f.name(Key::Reason)?,
        operator: f.name(Key::Operator)?,
    })
}

fn feed_state(f: &mut Fields<'_>) -> Result<FeedState, Fault> {
    Ok(FeedState {
        feed: f.need_name(Key::Feed)?,
        status: f.one_of(Key::Status, FEED_STATUS)?.unwrap_or_default(),
        guarantee: f.one_of(Key::Guarantee, GUARANTEE)?.unwrap_or_default(),
        complete_to: f.time(Key::CompleteTo)?,
        heard_from: f.time(Key::HeardFrom)?,
        gives: f.names(Key::Gives)?,
        stale_after_s: f.count(Key::StaleAfterS)?.unwrap_or(0),
        caught_up: f.flag(Key::CaughtUp)?.unwrap_or(false),
        received: f.counter(Key::Received)?,
        duplicate: f.counter(Key::Duplicate)?,
        conflict: f.counter(Key::Conflict)?,
        late: f.count(Key::Late)?.map(i64::unsigned_abs),
        quarantined: f.counter(Key::Quarantined)?,
        unmapped: f.counter(Key::Unmapped)?,
        skipped: f.counter(Key::Skipped)?,
        tests: f.counter(Key::Tests)?,
        dropped: f.counter(Key::Dropped)?,
        errors: f.counter(Key::Errors)?,
        retries: f.counter(Key::Retries)?,
        last_error: f.name(Key::LastError)?,
        retry_at: f.time(Key::RetryAt)?,
        last_aside: f.name(Key::LastAside)?,
        skew_ms: f.integer(Key::SkewMs)?,
        lag_ms: f.integer(Key::LagMs)?,
        interval_ms: f.integer(Key::IntervalMs)?,
        quota: f.integer(Key::Quota)?,
        quota_left: f.integer(Key::QuotaLeft)?,
        quota_until: f.time(Key::QuotaUntil)?,
    })
}

//! What happens to one shopper at one moment, and the facts that tell of it.

use super::broadcast::{Asked, Broadcast, Job, Moment};
use super::delivery::Feed;
use super::luck::{Concern, Luck};
use super::room::{Room, VisitorNo};
use super::shop::{CartNo, CartState, Decision, Line, Order, OrderNo, Payment, off};
use crate::engine::event::{
    AdSpend, Audience, AuthorKind, ChannelClue, ChannelParts, ChatMessage, CheckoutAct, Cue, Fact, Inventory, ItemAct, Lead, OrderStatus,
    Payment as PaymentFact, PaymentStatus, Pin, PinEnd, PlatformReading, Purchase, Reaction, ReadingKind, Refund, Rev, ViewerAct,
};
use crate::engine::id::Name;
use crate::engine::money::Money;

impl Broadcast {
    pub(super) fn happen(&mut self, ms: i64, moment: Moment) {
        match moment {
            Moment::Enter(channel) => self.enter(channel, ms),
            Moment::Leave(visitor) => self.leave(visitor, ms),
            Moment::Click(visitor) => self.click(visitor, ms),
            Moment::View => self.view(ms),
            Moment::Like => self.like(ms),
            Moment::Say => self.say(ms),
            Moment::Ask => self.ask(ms),
            Moment::Lead => self.lead(ms),
            Moment::Do(job) => self.work(ms, job),
        }
    }

    fn work(&mut self, ms: i64, job: Job) {
        match job {
            Job::Add { visitor, slot, quantity } => self.add(visitor, slot, quantity, ms),
            Job::Decide(cart) => self.decide(cart, ms),
            Job::PaymentDetails { cart, buys } => self.give_payment_details(cart, buys, ms),
            Job::Place { cart } => self.place(cart, ms),
            Job::Recover { cart, bundle } => self.recover(cart, bundle, ms),
            Job::Pay(order) => self.pay(order, ms),
            Job::Cancel { order, declined } => self.cancel(order, declined, ms),
            Job::Refund { order, value } => self.refund(order, value, ms),
            Job::Answer(number) => self.answer(number, ms),
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.scenario.currency)
    }

    /// The channel as the room tells it: by name.
    fn channel(&self, channel: u8) -> Option<ChannelClue> {
        let name = &self.scenario.channels[usize::from(channel)].name;
        (!name.is_empty()).then(|| ChannelClue::Name(name.clone()))
    }

    /// The channel as the shop tells it: by the parts of the visit, where there are some.
    fn shop_channel(&self, channel: u8) -> Option<ChannelClue> {
        let planned = &self.scenario.channels[usize::from(channel)];
        if planned.source.is_none() && planned.medium.is_none() {
            return self.channel(channel);
        }
        let parts = ChannelParts {
            source: planned.source.clone(),
            medium: planned.medium.clone(),
            campaign: planned.campaign.clone(),
            ..ChannelParts::default()
        };
        Some(ChannelClue::Parts(Box::new(parts)))
    }

    fn enter(&mut self, channel: usize, ms: i64) {
        let no = self.room.enter(&self.scenario, channel, ms);
        self.entered[channel] += 1;
        if self.out.is_told() {
            let visitor = self.room.visitors[no as usize].name();
            let channel = self.channel(channel as u8);
            self.out.send(Feed::Room, ms, Fact::ViewerJoin(ViewerAct { visitor, channel, watched_s: None }));
        }
    }

    fn leave(&mut self, no: VisitorNo, ms: i64) {
        let Some(watched) = self.room.leave(no, ms) else { return };
        if self.out.is_told() {
            let visitor = &self.room.visitors[no as usize];
            let fact = ViewerAct { visitor: visitor.name(), channel: self.channel(visitor.channel), watched_s: Some(watched) };
            self.out.send(Feed::Room, ms, Fact::ViewerLeave(fact));
        }
    }

    /// A click on the product card; some become carts.
    fn click(&mut self, no: VisitorNo, ms: i64) {
        let mut luck = self.room.click_luck(no);
        let appeals: Vec<f64> = (0..self.scenario.products.len()).map(|slot| self.appeal(slot)).collect();
        let Some(slot) = Room::pick(luck.unit(), &appeals) else { return };
        if self.out.is_told() {
            let act = self.item_act(no, slot);
            self.out.send(Feed::Room, ms, Fact::SelectItem(act));
        }
        let adds = luck.strikes(self.scenario.products[slot].adds * self.factors.adds[slot]);
        let second_unit = luck.strikes(self.scenario.shoppers.second_unit_share + self.factors.units - 1.0);
        let after_ms = 2_500 + (luck.wait() * 9_000.0) as i64;
        if adds {
            self.plan(ms + after_ms, Job::Add { visitor: no, slot, quantity: 1 + i64::from(second_unit) });
        }
    }

    fn item_act(&self, no: VisitorNo, slot: usize) -> ItemAct {
        let visitor = &self.room.visitors[no as usize];
        ItemAct {
            sku: self.scenario.products[slot].sku.clone(),
            visitor: Some(visitor.name()),
            channel: self.channel(visitor.channel),
            ..ItemAct::default()
        }
    }

    fn add(&mut self, no: VisitorNo, slot: usize, quantity: i64, ms: i64) {
        let price = self.shop.shelf[slot].price;
        let discount = off(price * quantity, self.factors.discount[slot]);
        let line = Line { slot, quantity, price, discount };
        let Some((cart, is_new)) = self.shop.add(no, &mut self.room.visitors[no as usize], line) else { return };
        if self.out.is_told() {
            let act = ItemAct {
                quantity: Some(quantity),
                price: Some(self.money(price - off(price, self.factors.discount[slot]))),
                cart: Some(super::shop::Cart::name(cart)),
                ..self.item_act(no, slot)
            };
            self.out.send(Feed::Shop, ms, Fact::AddToCart(act));
        }
        if is_new {
            let after = self.shop.carts[cart as usize].decides_after_ms(self.scenario.shoppers.decide_s);
            self.plan(ms + after, Job::Decide(cart));
        }
    }

    fn decide(&mut self, no: CartNo, ms: i64) {
        if self.shop.carts[no as usize].state != CartState::Open {
            return;
        }
        self.shop.reprice(no, &self.factors);
        let keen = self.keenness(usize::from(self.shop.carts[no as usize].channel));
        match self.shop.decide(no, &self.factors, keen) {
            Decision::Buys => {
                self.shop.carts[no as usize].state = CartState::Buying;
                self.check_out(no, true, ms);
            }
            Decision::Wavers => {
                self.leave_cart(no, ms);
                self.check_out(no, false, ms);
            }
            Decision::Leaves => self.leave_cart(no, ms),
        }
    }

    fn leave_cart(&mut self, no: CartNo, ms: i64) {
        let cart = &mut self.shop.carts[no as usize];
        cart.state = CartState::Left;
        cart.left_ms = ms;
    }

    fn check_out(&mut self, no: CartNo, buys: bool, ms: i64) {
        let cart = &mut self.shop.carts[no as usize];
        cart.at_checkout = true;
        let next_ms = ms + cart.step_ms();
        if self.out.is_told() {
            let act = self.checkout_act(no, None);
            self.out.send(Feed::Shop, ms, Fact::BeginCheckout(act));
        }
        self.plan(next_ms, Job::PaymentDetails { cart: no, buys });
    }

    fn checkout_act(&self, no: CartNo, method: Option<Name>) -> CheckoutAct {
        let cart = &self.shop.carts[no as usize];
        CheckoutAct {
            cart: super::shop::Cart::name(no),
            value: Some(self.money(cart.value())),
            items: self.shop.items(&cart.lines),
            method,
            visitor: Some(self.room.visitors[cart.owner as usize].name()),
            channel: self.channel(cart.channel),
            ..CheckoutAct::default()
        }
    }

    /// Half of those who waver still pick a way to pay; a checkout that fails fails here.
    fn give_payment_details(&mut self, no: CartNo, buys: bool, ms: i64) {
        let cart = &self.shop.carts[no as usize];
        let next_ms = ms + cart.step_ms();
        let fails = !cart.passes_checkout(self.factors.checkout);
        if !buys && cart.step_ms() % 2 == 0 {
            return;
        }
        if self.out.is_told() {
            let act = self.checkout_act(no, None);
            self.out.send(Feed::Shop, ms, Fact::AddPaymentInfo(act));
        }
        if buys && fails {
            self.leave_cart(no, ms);
        } else if buys {
            self.plan(next_ms, Job::Place { cart: no });
        }
    }

    fn place(&mut self, no: CartNo, ms: i64) {
        let Some(order) = self.shop.place(no, &self.factors, ms) else {
            self.leave_cart(no, ms);
            return;
        };
        self.tell_order(order, ms);
        self.tell_payment(order, PaymentStatus::Pending, ms);
        match self.shop.payment(order) {
            Payment::Approved(at) => self.plan(at, Job::Pay(order)),
            Payment::Declined(at) => self.plan(at, Job::Cancel { order, declined: true }),
            Payment::Expires(at) => self.plan(at, Job::Cancel { order, declined: false }),
        }
    }

    /// A left cart comes back.
    fn recover(&mut self, no: CartNo, bundle: bool, ms: i64) {
        if self.shop.carts[no as usize].state != CartState::Left {
            return;
        }
        if bundle {
            self.shop.swap_for_bundle(no);
        }
        self.shop.reprice(no, &self.factors);
        self.shop.carts[no as usize].state = CartState::Buying;
        self.shop.takings.recovered += 1;
        self.check_out(no, true, ms);
    }

    fn pay(&mut self, order: OrderNo, ms: i64) {
        let per_order = (self.factors.per_order * self.unit()) as i64;
        if !self.shop.pay(order, ms, per_order) {
            return;
        }
        self.tell_payment(order, PaymentStatus::Approved, ms);
        self.tell_order(order, ms);
        if let Some((at, value)) = self.shop.refund(order) {
            self.plan(at, Job::Refund { order, value });
        }
    }

    fn cancel(&mut self, order: OrderNo, declined: bool, ms: i64) {
        if !self.shop.cancel(order, ms, declined) {
            return;
        }
        let status = if declined { PaymentStatus::Declined } else { PaymentStatus::Expired };
        self.tell_payment(order, status, ms);
        self.tell_order(order, ms);
    }

    fn refund(&mut self, order: OrderNo, value: i64, ms: i64) {
        self.shop.take_refund(order, value);
        let fact = Refund {
            order: Order::name(order),
            value: Some(self.money(value)),
            items: Vec::new(),
            reason: Some("changed_mind".into()),
            payment: None,
            total: false,
        };
        self.out.send(Feed::Shop, ms, Fact::Refund(fact));
    }

    /// The order as the shop has it now.
    fn tell_order(&mut self, no: OrderNo, ms: i64) {
        if !self.out.is_told() {
            return;
        }
        let order = &self.shop.orders[no as usize];
        let cart = &self.shop.carts[order.cart as usize];
        let visitor = &self.room.visitors[cart.owner as usize];
        let at = |ms: i64| self.scenario.starts_at.plus_ms(ms);
        let off: i64 = cart.lines.iter().map(|line| line.discount).sum();
        let known = visitor.serial % 20 != 7;
        let purchase = Purchase {
            order: Order::name(no),
            value: self.money(order.value),
            status: order.status,
            rev: Some(Rev(order.revision)),
            placed_at: Some(at(order.placed_ms)),
            paid_at: order.paid_ms.map(at),
            cancelled_at: order.cancelled_ms.map(at),
            expires_at: order.expires_ms.map(at).filter(|_| order.status == OrderStatus::Placed),
            items: self.shop.items(&cart.lines),
            cart: Some(super::shop::Cart::name(order.cart)),
            customer: Some(super::room::numbered('c', visitor.key())),
            new: known.then_some(!visitor.bought_before),
            visitor: Some(visitor.name()),
            channel: self.shop_channel(cart.channel),
            discount: (off > 0).then(|| self.money(off)),
            coupons: Vec::new(),
            method: self.scenario.methods.get(order.method).map(|method| method.name.clone()),
            live: Some(Name::new(&self.scenario.name)),
        };
        let id = purchase_id(no, order.revision);
        self.out.send_as(Feed::Shop, ms, id, Fact::Purchase(Box::new(purchase)));
    }

    fn tell_payment(&mut self, no: OrderNo, status: PaymentStatus, ms: i64) {
        if !self.out.is_told() {
            return;
        }
        let order = &self.shop.orders[no as usize];
        let fact = PaymentFact {
            order: Order::name(no),
            status,
            method: self.scenario.methods.get(order.method).map(|method| method.name.clone()),
            value: Some(self.money(order.value)),
            expires_at: order.expires_ms.filter(|_| status == PaymentStatus::Pending).map(|end| self.scenario.starts_at.plus_ms(end)),
            payment: None,
        };
        self.out.send(Feed::Pay, ms, Fact::Payment(fact));
    }

    fn somebody(&mut self) -> Option<VisitorNo> {
        let index = self.crowd.index(self.room.len());
        self.room.inside(index)
    }

    fn view(&mut self, ms: i64) {
        let Some(no) = self.somebody() else { return };
        let appeals: Vec<f64> = self.factors.clicks.iter().map(|clicks| clicks.sqrt()).collect();
        let Some(slot) = Room::pick(self.crowd.unit(), &appeals) else { return };
        self.shop.shelf[slot].seen += 1;
        let act = self.item_act(no, slot);
        self.out.send(Feed::Room, ms, Fact::ViewItem(act));
    }

    fn like(&mut self, ms: i64) {
        let Some(no) = self.somebody() else { return };
        let dice = self.crowd.unit();
        let (kind, value) = match dice {
            d if d < 0.965 => ("like", None),
            d if d < 0.98 => ("share", None),
            d if d < 0.995 => ("follow", None),
            _ => ("gift", Some(self.money(100 + (dice * 1e6) as i64 % 9 * 100))),
        };
        let author = Some(self.room.visitors[no as usize].name());
        self.out.send(Feed::Room, ms, Fact::Reaction(Reaction { kind: Name::const_new(kind), count: None, author, value }));
    }

    /// What the chat calls the product that people have in mind: mostly the one on air.
    fn in_mind(&self, luck: &mut Luck) -> &str {
        let shown = self.factors.on_air.filter(|_| luck.strikes(0.8));
        let slot = shown.unwrap_or_else(|| luck.index(self.scenario.products.len()));
        self.scenario.products.get(slot).map_or("", |product| &product.called)
    }

    fn message(&self, author: VisitorNo, text: &str) -> ChatMessage {
        let author = self.room.visitors[author as usize].name();
        ChatMessage { author, text: Name::new(text), author_kind: AuthorKind::Viewer, reply_to: None, value: None }
    }

    fn say(&mut self, ms: i64) {
        let Some(no) = self.somebody() else { return };
        let mut luck = self.talk.clone();
        let product = self.in_mind(&mut luck);
        let text = self.chatter.write(&mut luck, false, self.bent(), self.scenario.chat.english_share, product);
        self.talk = luck;
        let message = self.message(no, &text);
        self.out.send(Feed::Chat, ms, Fact::ChatMessage(message));
    }

    fn ask(&mut self, ms: i64) {
        self.questions += 1;
        let number = self.questions;
        let mut luck = self.seed.keyed(Concern::Answer, number);
        let chat = &self.scenario.chat;
        if luck.strikes(chat.answered_share) {
            let after = chat.answer_s * 1_000.0 * (0.4 + luck.wait());
            self.plan(ms + after as i64, Job::Answer(number));
        }
        let mut id = Name::default();
        if self.out.is_told()
            && let Some(no) = self.somebody()
        {
            id = self.out.id();
            let product = self.in_mind(&mut luck);
            let text = self.chatter.write(&mut luck, true, self.bent(), self.scenario.chat.english_share, product);
            let message = self.message(no, &text);
            self.out.send_as(Feed::Chat, ms, id.clone(), Fact::ChatMessage(message));
        }
        self.asked.push_back(Asked { number, at_ms: ms, id, answered: false });
    }

    /// The moderator answers one.
    fn answer(&mut self, number: u64, ms: i64) {
        let Some(asked) = self.asked.iter_mut().find(|asked| asked.number == number && !asked.answered) else { return };
        asked.answered = true;
        self.answered += 1;
        let message = ChatMessage {
            author: Name::const_new("moderador"),
            text: Name::const_new("respondido no vídeo 👆"),
            author_kind: AuthorKind::Moderator,
            reply_to: Some(asked.id.clone()),
            value: None,
        };
        self.out.send(Feed::Chat, ms, Fact::ChatMessage(message));
    }

    /// The host answers a share of the open questions over the next minute.
    pub(super) fn answer_open(&mut self, share: f64, ms: i64) {
        let open: Vec<u64> = self.asked.iter().filter(|asked| !asked.answered).map(|asked| asked.number).collect();
        for (place, number) in open.into_iter().enumerate() {
            if self.seed.keyed(Concern::Answer, number | 1 << 40).strikes(share) {
                self.plan(ms + 2_000 + place as i64 * 1_500, Job::Answer(number));
            }
        }
    }

    fn lead(&mut self, ms: i64) {
        self.leads += 1;
        let lead = Some(super::room::numbered('l', self.leads.unsigned_abs()));
        self.out.send(Feed::Room, ms, Fact::GenerateLead(Lead { lead, campaign: None, channel: None }));
    }

    /// The platform shows another product's card.
    pub(super) fn pin(&mut self, slot: Option<usize>, ms: i64) {
        if slot == self.pinned {
            return;
        }
        let sku = |slot: usize| self.scenario.products[slot].sku.clone();
        let (before, after) = (self.pinned.map(sku), slot.map(sku));
        self.pinned = slot;
        if let Some(sku) = before {
            self.out.send(Feed::Room, ms, Fact::ProductUnpinned(PinEnd { sku: Some(sku) }));
        }
        if let Some(sku) = after {
            self.out.send(Feed::Room, ms, Fact::ProductPinned(Pin { sku }));
        }
    }

    pub(super) fn tell_cue(&mut self, segment: usize, ms: i64) {
        let Some(planned) = self.scenario.segments.get(segment) else { return };
        let cue = Cue {
            segment: Name::new(&planned.name),
            kind: Some(planned.kind),
            host: planned.host.as_ref().map(Name::new),
            sku: planned.sku.clone(),
        };
        self.out.send_cue(ms, Fact::Cue(cue));
    }

    /// Gauges and totals of the platforms, each at its own pace.
    pub(super) fn tell_gauges(&mut self, second: i64) {
        if !self.out.is_told() {
            return;
        }
        let ms = second * 1_000 + 999;
        if second % 5 == 0 {
            let engaged = (second % 30 == 0).then(|| self.room.engaged(ms));
            let fact = Audience { viewers: self.room.len() as i64, channel: None, engaged };
            self.out.send(Feed::Room, ms, Fact::Audience(fact));
        }
        if second % 5 == 4 {
            self.tell_stock(ms);
        }
        if second % 60 == 59 {
            self.tell_ads(ms);
            self.tell_impressions(ms);
        }
    }

    fn tell_stock(&mut self, ms: i64) {
        for slot in 0..self.shop.shelf.len() {
            let shelf = &mut self.shop.shelf[slot];
            if shelf.told == Some(shelf.stock) {
                continue;
            }
            shelf.told = Some(shelf.stock);
            let fact = Inventory {
                sku: self.scenario.products[slot].sku.clone(),
                available: shelf.stock,
                location: None,
                reserved: None,
                price: None,
            };
            self.out.send(Feed::Stock, ms, Fact::Inventory(fact));
        }
    }

    fn tell_ads(&mut self, ms: i64) {
        for index in 0..self.scenario.channels.len() {
            let channel = &self.scenario.channels[index];
            if channel.spend_per_min.is_none() {
                continue;
            }
            let fact = AdSpend {
                value: self.money(self.spent[index] as i64),
                channel: self.channel(index as u8),
                campaign: channel.campaign.clone(),
                bucket: None,
                total: true,
                clicks: Some(self.entered[index]),
                impressions: Some(self.entered[index] * 42),
            };
            self.out.send(Feed::Ads, ms, Fact::AdSpend(fact));
        }
    }

    fn tell_impressions(&mut self, ms: i64) {
        let entries: i64 = self.entered.iter().sum();
        let shown = (entries as f64 * self.scenario.audience.impressions_per_entry) as i64;
        self.tell_reading("room_impressions", shown, None, ms);
        for slot in 0..self.shop.shelf.len() {
            let sku = Some(self.scenario.products[slot].sku.clone());
            self.tell_reading("product_impressions", self.shop.shelf[slot].seen, sku, ms);
        }
    }

    fn tell_reading(&mut self, metric: &'static str, value: i64, sku: Option<Name>, ms: i64) {
        let fact = PlatformReading {
            metric: Name::const_new(metric),
            value: Name::new(value.to_string()),
            sku,
            channel: None,
            kind: Some(ReadingKind::Total),
            bucket: None,
        };
        self.out.send(Feed::Room, ms, Fact::Reading(fact));
    }
}

/// The id of a version of an order, as the shop numbers it.
fn purchase_id(no: OrderNo, revision: i128) -> Name {
    let mut id = Order::name(no);
    id.push_str(match revision {
        1 => ".1",
        2 => ".2",
        _ => ".3",
    });
    id
}

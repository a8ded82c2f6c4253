//! What a shop tells: acts on products, carts, orders, payments, refunds, stock.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChannelClue, Rev, fields};
use crate::engine::id::Name;
use crate::engine::money::Money;
use crate::engine::time::At;

fields! {
    /// `view_item` `select_item` `add_to_cart` `remove_from_cart`.
    #[derive(Default)]
    ItemAct {
        #[schemars(with = "String")]
        sku: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        product: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        cart: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

fields! {
    /// `begin_checkout` `add_payment_info`.
    #[derive(Default)]
    CheckoutAct {
        #[schemars(with = "String")]
        cart: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// What a shop says of a cart. Ordered by rank: `open < checkout < left < bought` (events.md ranks open < left < bought).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    Open,
    Checkout,
    Left,
    Bought,
}

fields! {
    /// The state of a cart, by `cart`.
    Cart {
        #[schemars(with = "String")]
        cart: Name,
        status: CartStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<Rev>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        customer: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// The state of an order. Ordered by rank: `placed < paid < cancelled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Placed,
    #[default]
    Paid,
    Cancelled,
}

fields! {
    /// The state of an order, by `order`.
    Purchase {
        #[schemars(with = "String")]
        order: Name,
        /// What the customer pays: shipping and tax in, discounts out.
        value: Money,
        #[schemars(default)]
        status: OrderStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<Rev>,
        #[serde(skip_serializing_if = "Option::is_none")]
        placed_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        paid_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cancelled_at: Option<At>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<At>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        cart: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        customer: Option<Name>,
        /// True for a first-ever buyer; absent when not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        new: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        visitor: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        /// Below nothing for a surcharge, which is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        discount: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        #[schemars(with = "Vec<String>")]
        coupons: Vec<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        /// The live that the shop says it belongs to.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        live: Option<Name>,
    }
}

/// What a payment provider says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Pending,
    Approved,
    Declined,
    Expired,
}

fields! {
    Payment {
        #[schemars(with = "String")]
        order: Name,
        status: PaymentStatus,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        method: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<At>,
        /// The money's own id: what is told of one payment is told of the same money, several of one order add up.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        payment: Option<Name>,
    }
}

fields! {
    /// An order is called off by one who tells nothing else of it: what it is worth and holds stays as the shop said it.
    Cancellation {
        #[schemars(with = "String")]
        order: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reason: Option<Name>,
    }
}

fields! {
    Refund {
        #[schemars(with = "String")]
        order: Name,
        /// Not needed where `total` is true: then all that is left of the order goes back, or all that the `items` came to.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schemars(default)]
        items: Vec<Item>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reason: Option<Name>,
        /// The payment that it gives back.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        payment: Option<Name>,
        /// True: `value` is what went back of that payment so far, in all.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        total: bool,
    }
}

fields! {
    Inventory {
        #[schemars(with = "String")]
        sku: Name,
        available: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        location: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reserved: Option<i64>,
        /// What the shop asks for it now.
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
    }
}

fields! {
    /// A line of an order, a cart or a refund.
    Item {
        #[schemars(with = "String")]
        sku: Name,
        quantity: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        price: Option<Money>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        name: Option<Name>,
        /// Taken off the line, not off one unit; below nothing where it is added.
        #[serde(skip_serializing_if = "Option::is_none")]
        discount: Option<Money>,
    }
}

//! What orders come to, by what their versions, payments, cancellations and refunds say.

use super::*;

/// What happened to one order, then placed, paid, cancelled (-1 for unknown) and the net in minor units.
type OrderCase = (&'static str, &'static [(i64, &'static str)], [f64; 3], f64);

const ORDER_CASES: &[OrderCase] = &[
    ("placed only", &[(0, r#""type":"purchase","order":"1","value":"10","status":"placed""#)], [1.0, 0.0, 0.0], 0.0),
    ("paid implies placed", &[(0, r#""type":"purchase","order":"1","value":"10""#)], [1.0, 1.0, 0.0], 1_000.0),
    ("cancelled before it was paid", &[(0, r#""type":"purchase","order":"1","value":"10","status":"cancelled""#)], [1.0, 0.0, 1.0], 0.0),
    (
        "paid, then cancelled",
        &[(0, r#""type":"purchase","order":"1","value":"10""#), (9, r#""type":"purchase","order":"1","value":"10","status":"cancelled""#)],
        [1.0, 1.0, 1.0],
        0.0,
    ),
    (
        "a cancelled order is never left",
        &[
            (0, r#""type":"purchase","order":"1","value":"10","status":"cancelled","rev":1"#),
            (9, r#""type":"purchase","order":"1","value":"10","status":"paid","rev":2"#),
        ],
        [1.0, 1.0, 1.0],
        0.0,
    ),
    (
        "cancelled with a time of payment",
        &[(9, r#""type":"purchase","order":"1","value":"10","status":"cancelled","paid_at":"2026-11-21T22:00:05Z""#)],
        [1.0, 1.0, 1.0],
        0.0,
    ),
    (
        "a refund takes its part",
        &[(0, r#""type":"purchase","order":"1","value":"10""#), (9, r#""type":"refund","order":"1","value":"2.50""#)],
        [1.0, 1.0, 0.0],
        750.0,
    ),
    (
        "refunds never take more than was paid",
        &[
            (0, r#""type":"purchase","order":"1","value":"10""#),
            (1, r#""type":"refund","order":"1","value":"8""#),
            (2, r#""type":"refund","order":"1","value":"8""#),
        ],
        [1.0, 1.0, 0.0],
        0.0,
    ),
    (
        "a running total of what went back grows, and is no second refund",
        &[
            (0, r#""type":"purchase","order":"1","value":"270""#),
            (9, r#""type":"refund","order":"1","value":"150","payment":"p","total":true"#),
            (9, r#""type":"refund","order":"1","value":"50","payment":"p","total":true"#),
            (12, r#""type":"refund","order":"1","value":"150","payment":"p","total":true"#),
        ],
        [1.0, 1.0, 0.0],
        12_000.0,
    ),
    (
        "the totals of two payments add up",
        &[
            (0, r#""type":"purchase","order":"1","value":"270""#),
            (5, r#""type":"refund","order":"1","value":"50","payment":"p","total":true"#),
            (6, r#""type":"refund","order":"1","value":"20","payment":"q","total":true"#),
        ],
        [1.0, 1.0, 0.0],
        20_000.0,
    ),
    (
        "told one by one and as a total is told of the same money",
        &[
            (0, r#""type":"purchase","order":"1","value":"100""#),
            (4, r#""type":"refund","order":"1","value":"40","payment":"p""#),
            (5, r#""type":"refund","order":"1","value":"60","payment":"p","total":true"#),
            (6, r#""type":"refund","order":"1","value":"20","payment":"p""#),
            (7, r#""type":"refund","order":"1","value":"5""#),
        ],
        [1.0, 1.0, 0.0],
        3_500.0,
    ),
    (
        "a refund that came to nothing is taken back, whichever comes first",
        &[
            (0, r#""type":"purchase","order":"1","value":"100""#),
            (4, r#""type":"correction","kind":"void","target":"e2""#),
            (5, r#""type":"refund","order":"1","value":"40","payment":"p""#),
            (6, r#""type":"refund","order":"1","value":"20","payment":"p""#),
            (7, r#""type":"correction","kind":"void","target":"e3""#),
        ],
        [1.0, 1.0, 0.0],
        10_000.0,
    ),
    (
        "a refund that came to nothing is in no total either",
        &[
            (0, r#""type":"purchase","order":"1","value":"100""#),
            (4, r#""type":"refund","order":"1","value":"40","payment":"p""#),
            (5, r#""type":"refund","order":"1","value":"30","payment":"p""#),
            (6, r#""type":"refund","order":"1","value":"70","payment":"p","total":true"#),
            (9, r#""type":"correction","kind":"void","target":"e2""#),
        ],
        [1.0, 1.0, 0.0],
        6_000.0,
    ),
    (
        "what a shop tells and its payment provider does is the same money",
        &[
            (0, r#""type":"purchase","order":"1","value":"129.90""#),
            (4, r#""type":"refund","order":"1","value":"50","payment":"pi","source":"stripe""#),
            (5, r#""type":"refund","order":"1","value":"70""#),
            (6, r#""type":"refund","order":"1","value":"20","payment":"pi","source":"stripe""#),
        ],
        [1.0, 1.0, 0.0],
        5_990.0,
    ),
    (
        "what one source tells with a payment and without is not",
        &[
            (0, r#""type":"purchase","order":"1","value":"100""#),
            (4, r#""type":"refund","order":"1","value":"10","payment":"p""#),
            (5, r#""type":"refund","order":"1","value":"20""#),
            (6, r#""type":"refund","order":"1","value":"30","payment":"q","source":"stripe""#),
        ],
        [1.0, 1.0, 0.0],
        6_000.0,
    ),
    (
        "goods that come back cost what their lines say",
        &[
            (0, r#""type":"refund","order":"1","total":true,"items":[{"sku":"A","quantity":1},{"sku":"C","quantity":1}]"#),
            (
                1,
                r#""type":"purchase","order":"1","value":"50","items":[{"sku":"A","quantity":2,"price":"15","discount":"2"},{"sku":"B","quantity":1,"price":"22"}]"#,
            ),
        ],
        [1.0, 1.0, 0.0],
        3_600.0,
    ),
    (
        "no more units come back than were sold, whoever tells it",
        &[
            (
                0,
                r#""type":"purchase","order":"1","value":"45","items":[{"sku":"A","quantity":3,"price":"10"},{"sku":"B","quantity":1,"price":"15"}]"#,
            ),
            (1, r#""type":"refund","order":"1","total":true,"items":[{"sku":"A","quantity":2}]"#),
            (2, r#""type":"refund","order":"1","total":true,"items":[{"sku":"A","quantity":2}]"#),
        ],
        [1.0, 1.0, 0.0],
        1_500.0,
    ),
    (
        "a refund of all that is left takes what the others leave",
        &[
            (0, r#""type":"purchase","order":"1","value":"100""#),
            (4, r#""type":"refund","order":"1","value":"40""#),
            (5, r#""type":"refund","order":"1","total":true"#),
            (6, r#""type":"refund","order":"1","total":true"#),
        ],
        [1.0, 1.0, 0.0],
        0.0,
    ),
    (
        "one who only says that an order is called off takes nothing else back",
        &[
            (0, r#""type":"cancellation","order":"1","source":"crm""#),
            (3, r#""type":"purchase","order":"1","value":"100""#),
            (9, r#""type":"cancellation","order":"1""#),
        ],
        [1.0, 1.0, 1.0],
        0.0,
    ),
    (
        "cancelled and refunded is taken once",
        &[
            (0, r#""type":"purchase","order":"1","value":"10""#),
            (1, r#""type":"refund","order":"1","value":"4""#),
            (2, r#""type":"purchase","order":"1","value":"10","status":"cancelled""#),
        ],
        [1.0, 1.0, 1.0],
        0.0,
    ),
    (
        "an approved payment pays a placed order",
        &[
            (0, r#""type":"purchase","order":"1","value":"10","status":"placed""#),
            (5, r#""type":"payment","order":"1","status":"declined","value":"10""#),
            (9, r#""type":"payment","order":"1","status":"approved","value":"10","source":"pix""#),
        ],
        [1.0, 1.0, 0.0],
        1_000.0,
    ),
    (
        "a payment that comes before its order pays it, and the order counts once",
        &[
            (0, r#""type":"payment","order":"1","status":"approved","value":"10""#),
            (5, r#""type":"purchase","order":"1","value":"10","status":"placed""#),
        ],
        [1.0, 1.0, 0.0],
        1_000.0,
    ),
    (
        "a payment alone makes no order",
        &[(0, r#""type":"payment","order":"1","status":"approved","value":"10""#)],
        [-1.0, -1.0, -1.0],
        -1.0,
    ),
    (
        "the later version wins, whatever came first",
        &[
            (9, r#""type":"purchase","order":"1","value":"30","rev":"2026-11-21T22:00:01Z""#),
            (2, r#""type":"purchase","order":"1","value":"20","rev":"2026-11-21T22:00:02Z""#),
        ],
        [1.0, 1.0, 0.0],
        2_000.0,
    ),
];

#[test]
fn an_order_comes_to_what_its_versions_payments_and_refunds_say() {
    for (name, facts, states, net) in ORDER_CASES {
        let engine = after(&brl(), facts);
        let count = |metric| value(&engine, metric, Scope::Live).number().unwrap_or(-1.0);
        assert_eq!([Metric::OrdersPlaced, Metric::OrdersPaid, Metric::OrdersCancelled].map(count), *states, "{name}");
        assert_eq!(count(Metric::GmvNet), *net, "{name}");
    }
}

#[test]
fn money_falls_into_the_minutes_that_the_order_names() {
    let engine = after(
        &brl(),
        &[
            (500, r#""type":"purchase","order":"1","value":"10","placed_at":"2026-11-21T22:00:30Z","paid_at":"2026-11-21T22:02:10Z""#),
            (200, r#""type":"refund","order":"1","value":"3""#),
        ],
    );
    let minute = |metric, minute: i64| engine.reading_in_minute(metric, Scope::Live, at(0).minute() + minute).value.number().unwrap();
    assert_eq!([0, 1, 2, 3].map(|m| minute(Metric::GmvPlaced, m)), [1_000.0, 0.0, 0.0, 0.0]);
    assert_eq!([0, 1, 2, 3].map(|m| minute(Metric::GmvPaid, m)), [0.0, 0.0, 1_000.0, 0.0]);
    assert_eq!([0, 1, 2, 3].map(|m| minute(Metric::GmvNet, m)), [0.0, 0.0, 1_000.0, -300.0]);
    check(&engine, Scope::Live, &[(Metric::RefundRate, 0.3), (Metric::Refunds, 1.0)]);
}

#[test]
fn a_reference_joins_its_own_source_else_the_only_one() {
    let order = |source: &str, value: &str| format!(r#""type":"purchase","order":"1","value":"{value}","source":"{source}""#);
    let (shop, market) = (order("a", "10"), order("b", "20"));
    let refund = r#""type":"refund","order":"1","value":"5","source":"pay""#;
    let engine = after(&brl(), &[(0, &shop), (1, refund)]);
    assert_eq!((number(&engine, Metric::GmvNet, Scope::Live), engine.live().commerce.orders.unmatched()), (500.0, 0));
    let engine = after(&brl(), &[(0, &shop), (1, refund), (2, &market)]);
    assert_eq!((number(&engine, Metric::GmvNet, Scope::Live), engine.live().commerce.orders.unmatched()), (3_000.0, 1));
}

#[test]
fn where_there_is_no_shop_a_payment_is_an_order() {
    let plan = Plan { orders_from: crate::engine::plan::OrdersFrom::Payments, ..brl() };
    let engine = after(
        &plan,
        &[
            (0, r#""type":"payment","order":"1","status":"pending","value":"10""#),
            (5, r#""type":"payment","order":"1","status":"approved","value":"10","method":"pix""#),
            (6, r#""type":"payment","order":"2","status":"declined","value":"99""#),
        ],
    );
    check(&engine, Scope::Live, &[(Metric::OrdersPlaced, 1.0), (Metric::OrdersPaid, 1.0), (Metric::GmvPaid, 1_000.0)]);
    let pix = Scope::Method(engine.live().books.methods.find("pix").unwrap());
    check(&engine, pix, &[(Metric::OrderPaidRate, 1.0)]);
    assert_eq!(value(&engine, Metric::Units, Scope::Live), Value::Unknown(Why::NotInFeeds), "a payment names no products");
}

#[test]
fn several_payments_of_an_order_add_up_and_the_same_money_told_twice_does_not() {
    let plan = Plan { orders_from: crate::engine::plan::OrdersFrom::Payments, ..brl() };
    let paid = |value: &str, payment: &str| format!(r#""type":"payment","order":"1","status":"approved","value":"{value}"{payment}"#);
    let (card, other, again) = (paid("100", r#","payment":"a""#), paid("150", r#","payment":"b""#), paid("100", r#","payment":"a""#));
    let orders: [&[(i64, &str)]; 2] = [&[(3, &card), (5, &other), (5, &again)], &[(5, &again), (5, &other), (3, &card)]];
    for facts in orders {
        let engine = after(&plan, facts);
        check(&engine, Scope::Live, &[(Metric::OrdersPaid, 1.0), (Metric::GmvPaid, 25_000.0)]);
    }
    // who gives no ids tells one payment
    let (one, two) = (paid("139.90", ""), paid("139.90", ""));
    check(&after(&plan, &[(3, &one), (4, &two)]), Scope::Live, &[(Metric::GmvPaid, 13_990.0)]);
    // beside a shop the order's own value counts
    let order = r#""type":"purchase","order":"1","value":"250","status":"placed""#;
    check(&after(&brl(), &[(0, order), (3, &card), (5, &other)]), Scope::Live, &[(Metric::GmvPaid, 25_000.0)]);
}

#[test]
fn what_a_later_version_is_silent_on_stays_as_an_earlier_one_named_it() {
    // the browser knows whence its visitor came, the server that confirms the order does not
    let browser = (5, r#""type":"purchase","order":"1","rev":"5","value":"50","visitor":"v","channel":"paid","coupons":["LIVE"]"#);
    let server =
        (8, r#""type":"purchase","order":"1","rev":"8","value":"45","customer":"c","items":[{"sku":"A","quantity":1,"price":"45"}]"#);
    let named = (9, r#""type":"purchase","order":"1","rev":"9","value":"45","channel":"organic""#);
    let mut plan = brl();
    plan.scope.coupons.push("LIVE".into());
    for facts in [[browser, server], [server, browser]] {
        let engine = after(&plan, &facts);
        check(&engine, channel(&engine, "paid"), &[(Metric::GmvPaid, 4_500.0), (Metric::Buyers, 1.0), (Metric::Units, 1.0)]);
        check(&engine, Scope::Live, &[(Metric::GmvAttributed, 4_500.0)]);
    }
    for facts in [[browser, server, named], [named, server, browser], [server, named, browser]] {
        let engine = after(&plan, &facts);
        check(&engine, channel(&engine, "organic"), &[(Metric::GmvPaid, 4_500.0)]);
    }
    plan.exclude.coupons.push("LIVE".into());
    for facts in [[browser, server], [server, browser]] {
        let engine = after(&plan, &facts);
        check(&engine, Scope::Live, &[(Metric::OrdersPlaced, 0.0)]);
        assert_eq!(engine.live().commerce.orders.excluded(), 1, "one of staff stays so");
    }
}

//! Carts: where they stand, what they are worth, which order bought them.

use super::*;

#[test]
fn a_cart_is_open_abandoned_or_bought_and_may_come_back() {
    let add = |cart: &str, visitor: &str, price: &str| {
        format!(r#""type":"add_to_cart","sku":"A","price":"{price}","cart":"{cart}","visitor":"{visitor}","channel":"paid""#)
    };
    let (left, paying, back, gone, dear) =
        (add("left", "v1", "50"), add("paying", "v2", "150"), add("back", "v3", "50"), add("gone", "v4", "50"), add("dear", "v5", "600"));
    let mut engine = after(
        &brl(),
        &[
            (0, &left),
            (0, &paying),
            (1, r#""type":"add_payment_info","cart":"paying""#),
            (0, &back),
            (0, &gone),
            (10, r#""type":"cart","cart":"gone","status":"left""#),
            (20, &dear),
            (20, r#""type":"begin_checkout","cart":"dear""#),
            (700, r#""type":"purchase","order":"1","value":"50","cart":"back","visitor":"v3""#),
            (701, r#""type":"purchase","order":"2","value":"9","visitor":"v1""#),
        ],
    );
    check(
        &engine,
        Scope::Live,
        &[
            (Metric::CartsOpened, 5.0),
            (Metric::CartsUnbought, 4.0),
            (Metric::CartsAbandoned, 3.0),
            (Metric::CartsIdle, 1.0),
            (Metric::CartsRecovered, 2.0),
            (Metric::CartAbandon, 0.75),
            (Metric::CartRecoveryRate, 0.5),
            (Metric::Checkouts, 1.0),
            (Metric::CheckoutAbandon, 1.0),
        ],
    );
    check(&engine, Scope::Band(3), &[(Metric::CartsAbandoned, 1.0), (Metric::CartAbandon, 1.0)]);
    check(&engine, Scope::Band(1), &[(Metric::CartsUnbought, 1.0)]);
    check(&engine, product(&engine, "A"), &[(Metric::CartsAbandoned, 3.0)]);
    engine.advance_to(at(1 + 1_800));
    check(&engine, Scope::Live, &[(Metric::CartsAbandoned, 4.0), (Metric::CartsIdle, 0.0), (Metric::CartAbandon, 0.8)]);
    let minute = |minute: i64| engine.reading_in_minute(Metric::CartsAbandoned, Scope::Live, at(0).minute() + minute).value;
    assert_eq!([minute(0), minute(10), minute(30)], [Value::Count(1), Value::Count(3), Value::Count(1)]);
}

#[test]
fn a_purchase_buys_the_carts_that_any_of_its_versions_names() {
    // a shop's hook knows the cart, its poll does not
    let hook = (120, r#""type":"purchase","order":"1","rev":"7","value":"50","cart":"c""#);
    let poll = (127, r#""type":"purchase","order":"1","rev":"7","value":"50","method":"pix""#);
    let checkout = (0, r#""type":"begin_checkout","cart":"c","value":"50""#);
    let (view, later) =
        ((3_000, r#""type":"view_item","sku":"A""#), (1, r#""type":"purchase","order":"1","rev":"6","value":"50","cart":"c""#));
    for facts in [vec![checkout, hook, poll, view], vec![checkout, poll, view, later], vec![checkout, poll, hook, view]] {
        let engine = after(&brl(), &facts);
        check(&engine, Scope::Live, &[(Metric::CartsOpened, 1.0), (Metric::CartsAbandoned, 0.0), (Metric::CartsUnbought, 0.0)]);
    }
    // the browser and the server each have a name for the cart
    let server = (130, r#""type":"purchase","order":"1","rev":"8","value":"50","cart":"customer 9""#);
    for facts in [vec![checkout, hook, server, view], vec![server, hook, checkout, view], vec![server, checkout, view, hook]] {
        let engine = after(&brl(), &facts);
        let wanted = [(Metric::CartsOpened, 1.0), (Metric::CartsAbandoned, 0.0), (Metric::CartsUnbought, 0.0)];
        check(&engine, Scope::Live, &wanted);
    }
    let other = (0, r#""type":"begin_checkout","cart":"other""#);
    let engine = after(&brl(), &[other, server, hook]);
    check(&engine, Scope::Live, &[(Metric::CartsOpened, 2.0), (Metric::CartsUnbought, 1.0)]);
}

#[test]
fn a_carts_value_is_the_latest_said_moved_by_later_acts() {
    let bands = |facts: &[(i64, &str)]| {
        let engine = after(&brl(), facts);
        (0..4).position(|band| number(&engine, Metric::CartsUnbought, Scope::Band(band)) > 0.0)
    };
    let add = r#""type":"add_to_cart","sku":"A","price":"90","quantity":2,"cart":"c""#;
    let said = r#""type":"cart","cart":"c","status":"open","value":"450""#;
    let less = r#""type":"remove_from_cart","sku":"A","price":"300","cart":"c""#;
    assert_eq!(bands(&[(0, add)]), Some(1));
    assert_eq!(bands(&[(0, add), (1, said)]), Some(2));
    assert_eq!(bands(&[(0, said), (1, add)]), Some(3));
    assert_eq!(bands(&[(0, said), (1, add), (2, less)]), Some(2));
}

#[test]
fn a_reread_that_differs_only_in_time_is_no_new_version() {
    let state = r#""type":"cart","cart":"c","status":"open","value":"50""#;
    let engine = after(&brl(), &[(0, state), (300, state), (650, state)]);
    check(&engine, Scope::Live, &[(Metric::CartsAbandoned, 1.0)]);
    assert_eq!((engine.tally().accepted, engine.tally().duplicate), (1, 2));
    let moved = r#""type":"cart","cart":"c","status":"open","value":"60""#;
    let engine = after(&brl(), &[(0, state), (300, moved), (650, state)]);
    check(&engine, Scope::Live, &[(Metric::CartsAbandoned, 0.0)]);
    assert_eq!(engine.tally().duplicate, 0);
}

#[test]
fn a_cart_that_was_emptied_is_none_until_somebody_fills_it_again() {
    let add = (0, r#""type":"add_to_cart","sku":"A","price":"600","cart":"c""#);
    let full =
        (1, r#""type":"cart","cart":"c","status":"checkout","rev":"1","value":"600","items":[{"sku":"A","quantity":1,"price":"600"}]"#);
    let emptied = (300, r#""type":"cart","cart":"c","status":"open","rev":"2","value":"0","items":[]"#);
    let filled =
        (400, r#""type":"cart","cart":"c","status":"open","rev":"3","value":"90","items":[{"sku":"B","quantity":1,"price":"90"}]"#);
    let view = (3_600, r#""type":"view_item","sku":"A""#);
    let carts = |opened: f64, unbought: f64, abandoned: f64| {
        [(Metric::CartsOpened, opened), (Metric::CartsUnbought, unbought), (Metric::CartsAbandoned, abandoned)]
    };
    check(&after(&brl(), &[add, full, view]), Scope::Live, &carts(1.0, 1.0, 1.0));
    let engine = after(&brl(), &[add, full, emptied, view]);
    check(&engine, Scope::Live, &carts(0.0, 0.0, 0.0));
    check(&engine, Scope::Band(3), &carts(0.0, 0.0, 0.0));
    let engine = after(&brl(), &[add, full, emptied, filled, view]);
    check(&engine, Scope::Live, &carts(1.0, 1.0, 1.0));
    check(&engine, Scope::Band(0), &carts(1.0, 1.0, 1.0));
    // put in by an act, and bought all the same
    let again = (500, r#""type":"add_to_cart","sku":"B","price":"90","cart":"c""#);
    check(&after(&brl(), &[add, full, emptied, again, view]), Scope::Live, &carts(1.0, 1.0, 1.0));
    let bought = (600, r#""type":"purchase","order":"1","value":"600","cart":"c""#);
    check(&after(&brl(), &[add, full, emptied, bought, view]), Scope::Live, &carts(1.0, 0.0, 0.0));
    // one that was left before somebody cleared it away was left
    let cleared = (2_400, r#""type":"cart","cart":"c","status":"open","rev":"2","value":"0","items":[]"#);
    check(&after(&brl(), &[add, full, cleared, view]), Scope::Live, &carts(1.0, 1.0, 1.0));
    // one that a gift makes free, and one of which nothing but its state is known, are carts
    let free = (1, r#""type":"cart","cart":"c","status":"open","value":"0","items":[{"sku":"GIFT","quantity":1,"price":"0"}]"#);
    let silent = (1, r#""type":"cart","cart":"c","status":"open""#);
    for cart in [free, silent] {
        check(&after(&brl(), &[cart, view]), Scope::Live, &carts(1.0, 1.0, 1.0));
    }
}

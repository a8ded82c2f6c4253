//! Parameters and figures against the published ones, and a population whose parameters are known.

use super::*;

fn habit(repeats: u32, recency: f64, age: f64, mean_minor: f64) -> Habit {
    Habit { repeats, recency, age, mean_minor }
}

fn near(found: f64, wanted: f64, within: f64) {
    assert!((found - wanted).abs() <= within * wanted.abs(), "{found} is not {wanted}");
}

#[test]
fn purchases_of_a_day_are_one_and_the_first_day_makes_the_customer() {
    let mut history = History::default();
    for (customer, day, minor) in [("a", 10, 500), ("a", 10, 700), ("a", 40, 900), ("b", 12, 100)] {
        history.add(customer, day, minor);
    }
    history.seen_until(110);
    assert_eq!(history.habits(), [habit(1, 30.0, 100.0, 900.0), habit(0, 0.0, 98.0, 0.0)]);
    assert_eq!(history.days(), 100);
}

/// The published parameters of CDNOW (Fader, Hardie, Lee 2005), in weeks, and what follows from them for its customer 1.
#[test]
fn the_papers_own_example_is_met() {
    let buying = Buying { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };
    near(buying.purchases(&habit(2, 30.43, 38.86, 22.35), 39.0), 1.226, 0.001);
    near(buying.alive(&habit(0, 0.0, 38.86, 0.0)), 1.0, 0.0);
    let spending = Spending { p: 6.25, q: 3.74, v: 15.44 };
    near(spending.mean(&habit(0, 0.0, 38.86, 0.0)), 35.2, 0.01);
}

#[test]
fn a_known_population_is_found_again() {
    // Quantiles of a gamma(2, 60 days) rate without anybody leaving soon: 1,500 customers over a year.
    let mut history = History::default();
    let mut state = 7u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 33).unwrap() + 1) / f64::from(1u32 << 31)
    };
    for customer in 0..1_500 {
        let rate = (-uniform().ln() - uniform().ln()) / 60.0;
        let spends = 5_000.0 * (-uniform().ln() - uniform().ln() - uniform().ln()) / 3.0 + 1_000.0;
        let (mut day, mut purchases) = (0.0, 0);
        while day < 365.0 {
            #[expect(clippy::cast_possible_truncation, reason = "days and cents")]
            history.add(&customer.to_string(), day as i32, (spends * (0.8 + 0.4 * uniform())) as i64);
            purchases += 1;
            // Nobody leaves before the second purchase: that is how the model counts.
            if purchases > 1 && uniform() < 0.1 {
                break;
            }
            day += -uniform().ln() / rate;
        }
    }
    history.seen_until(365);
    let found = Lifetime::of(&history, Origin::File);
    assert_eq!(found.customers, found.once + found.again);
    let model = found.model.expect("it settles");
    near(model.buying.r, 2.0, 0.35);
    near(model.buying.alpha, 60.0, 0.35);
    near(model.buying.a / (model.buying.a + model.buying.b), 0.1, 0.25);
    assert!(model.value_minor.low < model.value_minor.value && model.value_minor.value < model.value_minor.high);
    assert!(model.again_minor > model.once_minor, "who came again is worth more");
}

#[test]
fn too_few_repeats_make_no_model() {
    let mut history = History::default();
    for customer in 0..29 {
        history.add(&customer.to_string(), 1, 100);
        history.add(&customer.to_string(), 9, 100);
    }
    let found = Lifetime::of(&history, Origin::Ledger);
    assert_eq!((found.again, found.model), (29, None));
}

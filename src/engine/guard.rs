//! Free conditions of rules in CEL, checked when they are loaded: known names only, no macros, bounded size.

use std::fmt;
use std::sync::Arc;

use cel::{Context, Program, Value};

use super::metric::Metric;
use super::rule::GUARD_CHARS;

/// Most nodes of a condition.
const MOST_NODES: usize = 200;
/// Names beside the metric ids.
const OWN_NAMES: [&str; 6] = ["elapsed_min", "left_min", "on_air_min", "off_air_min", "running_acts", "open_questions"];
/// CEL's macros run loops without a limit; a condition needs none.
const MACROS: [&str; 6] = ["all", "exists", "exists_one", "map", "filter", "has"];

/// A compiled condition.
#[derive(Clone)]
pub struct Guard {
    source: String,
    program: Arc<Program>,
    names: Vec<String>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guard").field(&self.source).finish()
    }
}

impl Guard {
    /// Compiles and checks a condition.
    ///
    /// # Errors
    /// With what is wrong and what to do about it.
    pub fn compile(source: &str) -> Result<Self, String> {
        if source.chars().count() > GUARD_CHARS {
            return Err(format!("longer than {GUARD_CHARS} characters; split the rule"));
        }
        let program = Program::compile(source).map_err(|error| format!("not a CEL condition: {}", error.to_string().replace('\n', " ")))?;
        let nodes = source.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').filter(|word| !word.is_empty()).count();
        if nodes > MOST_NODES {
            return Err(format!("more than {MOST_NODES} names and numbers; split the rule"));
        }
        let references = program.references();
        let functions: Vec<String> = references.functions().into_iter().map(ToString::to_string).collect();
        if let Some(found) = functions.iter().find(|name| MACROS.contains(&name.as_str())) {
            return Err(format!("{found}(…): macros are not allowed in a guard"));
        }
        if MACROS.iter().any(|name| source.contains(&format!(".{name}("))) {
            return Err("macros are not allowed in a guard".to_owned());
        }
        let names: Vec<String> = references.variables().into_iter().map(ToString::to_string).collect();
        if let Some(unknown) = names.iter().find(|name| Metric::parse(name).is_none() && !OWN_NAMES.contains(&name.as_str())) {
            return Err(format!("{unknown}: no such name; use metric ids (`warroom schema metrics`) or {}", OWN_NAMES.join(", ")));
        }
        Ok(Self { source: source.to_owned(), program: Arc::new(program), names })
    }

    /// True or false with the values that `value_of` gives by name; `None` where one is unknown or the condition fails.
    #[must_use]
    pub fn holds(&self, value_of: impl Fn(&str) -> Option<f64>) -> Option<bool> {
        let mut context = Context::default();
        for name in &self.names {
            let value = value_of(name)?;
            context.add_variable_from_value(name.as_str(), Value::Float(value));
        }
        match self.program.execute(&context) {
            Ok(Value::Bool(held)) => Some(held),
            Ok(_) | Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_over_known_names_is_answered_and_an_unknown_value_is_no_answer() {
        let guard = Guard::compile("ccu >= 50.0 && elapsed_min > 20.0").unwrap();
        let with = |ccu: Option<f64>| guard.holds(|name| if name == "ccu" { ccu } else { Some(30.0) });
        assert_eq!(with(Some(80.0)), Some(true));
        assert_eq!(with(Some(10.0)), Some(false));
        assert_eq!(with(None), None);
    }

    #[test]
    fn what_could_run_for_ever_or_means_nothing_is_refused_at_load() {
        for bad in ["ccu >", "viewerz > 3.0", "[1,2].all(x, x > 0)", &"ccu > 1.0 && ".repeat(400)] {
            assert!(Guard::compile(bad).is_err(), "{bad}");
        }
    }
}

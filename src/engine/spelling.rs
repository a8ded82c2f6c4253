//! "Did you mean": the known word that is nearest to a mistyped one.

/// The nearest of `known`, when it is near enough to be meant.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let limit = (word.len() / 3).max(1);
    known.into_iter().map(|candidate| (distance(&word, candidate), candidate)).filter(|(far, _)| *far <= limit).min().map(|(_, near)| near)
}

/// Those of `known` that may be meant, the nearest first: mistyped, or written only in part.
#[must_use]
pub fn near<'k>(word: &str, known: impl IntoIterator<Item = &'k str>, most: usize) -> Vec<&'k str> {
    let lower = word.to_lowercase();
    let letters: Vec<char> = lower.chars().collect();
    let limit = (letters.len() / 3).max(1);
    let is_part = |candidate: &str| letters.len() > 1 && candidate.to_lowercase().contains(&lower);
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .map(|candidate| (distance(&letters, candidate), candidate))
        .filter(|(far, candidate)| *far <= limit || is_part(candidate))
        .collect();
    found.sort_unstable();
    found.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

/// A remedy that names the nearest word, else all of them.
#[must_use]
pub fn remedy(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of: {}", known.join(", ")),
    }
}

/// Letters to add, drop, change or swap with their neighbour.
fn distance(word: &[char], candidate: &str) -> usize {
    let other: Vec<char> = candidate.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in word.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, there) in other.iter().enumerate() {
            let change = above[column] + usize::from(letter != there);
            let mut least = change.min(above[column + 1] + 1).min(line[column] + 1);
            let swapped = row > 0 && column > 0 && word[row - 1] == *there && *letter == other[column - 1];
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_understood() {
        assert_eq!(nearest("prduct", ["product", "segment"]), Some("product"));
        assert_eq!(nearest("lenght", ["length", "name"]), Some("length"));
        assert_eq!(nearest("GMV_PAID", ["gmv_paid"]), Some("gmv_paid"));
    }

    #[test]
    fn parts_and_slips_are_told_the_nearest_first() {
        assert_eq!(near("LIP", ["LIP-01", "SOAP", "LIP", "LIPS-2"], 3), ["LIP", "LIP-01", "LIPS-2"]);
        assert_eq!(near("FNOE", ["FONE", "SOM"], 3), ["FONE"]);
        assert!(near("NOSUCH", ["FONE", "SOM"], 3).is_empty());
    }

    #[test]
    fn a_different_word_is_not_guessed() {
        assert_eq!(nearest("colour", ["length", "name"]), None);
        assert_eq!(remedy("colour", &["length", "name"]), "write one of: length, name");
    }
}

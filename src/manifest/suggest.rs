//! "Did you mean": the nearest of the words that would have been right.

/// The candidate nearest to a word, where one is near enough to be what was meant.
pub(super) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let word = word.to_ascii_lowercase();
    // A long word is no slip of the fingers, and comparing it would take long.
    if word.chars().count() > 64 {
        return None;
    }
    let room = (word.chars().count() / 3).max(1);
    candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= room)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Words as a list in a sentence: "`a`, `b`, `c`".
pub(super) fn listed<'c>(words: impl IntoIterator<Item = &'c str>) -> String {
    let quoted: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        assert_eq!(nearest("colums", &["on", "columns", "unique"]), Some("columns"));
        assert_eq!(nearest("Bigint", &["bigint"]), Some("bigint"));
        assert_eq!(nearest("geometry", &["text", "time"]), None);
    }
}

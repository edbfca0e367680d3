//! "Did you mean": the nearest of the words that would have been right.

/// The word nearest to the one that was written, if it is near enough to be what was meant: at most a third of its letters
/// differ, or one. Upper and lower case count as the same.
pub(crate) fn nearest<'n>(written: &str, words: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let letters = written.chars().count();
    // Nobody mistypes a word this long, and comparing it would take long.
    if letters == 0 || letters > 100 {
        return None;
    }
    let written = written.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= (letters / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

/// Words as a list in a sentence: "`a`, `b`, `c`".
pub(crate) fn listed<'n>(words: impl IntoIterator<Item = &'n str>) -> String {
    let quoted: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        assert_eq!(nearest("colums", ["on", "columns", "unique"]), Some("columns"));
        assert_eq!(nearest("Bigint", ["bigint"]), Some("bigint"));
        assert_eq!(nearest("users", ["Users", "posts"]), Some("Users"));
        assert_eq!(nearest("a", ["b", "id"]), Some("b"));
        assert_eq!(nearest("geometry", ["text", "time"]), None);
        assert_eq!(nearest("", ["a"]), None);
        assert_eq!(nearest(&"x".repeat(101), ["x"]), None);
    }

    #[test]
    fn of_two_equally_near_the_first_by_name_is_meant() {
        assert_eq!(nearest("user_d", ["user_id", "user_ad"]), Some("user_ad"));
    }
}

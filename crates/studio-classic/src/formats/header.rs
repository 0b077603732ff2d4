//! Names of columns: from a header record, or by number.

use std::collections::{HashMap, HashSet};

/// `0`, `1`, ...: the names of columns without a header.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|position| position.to_string()).collect()
}

/// Makes the names of a header record distinct, as pandas 2 does: an empty name becomes
/// `Unnamed: {position}`; a repeated one gets the next free suffix of `.1`, `.2`, ... Names that
/// were given keep precedence over made-up ones.
pub(super) fn distinct(header: Vec<String>) -> Vec<String> {
    let (named, unnamed): (Vec<_>, Vec<_>) =
        (0..header.len()).partition(|position| !header[*position].is_empty());
    let mut names = header;
    for position in &unnamed {
        names[*position] = format!("Unnamed: {position}");
    }
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for position in named.into_iter().chain(unnamed) {
        let original = names[position].clone();
        let mut name = original.clone();
        let mut count = seen.get(&name).copied().unwrap_or(0);
        while count > 0 {
            seen.insert(original.clone(), count + 1);
            name = format!("{original}.{count}");
            if taken.contains(&name) {
                count += 1;
            } else {
                count = seen.get(&name).copied().unwrap_or(0);
            }
        }
        seen.insert(name.clone(), count + 1);
        taken.insert(name.clone());
        names[position] = name;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    // studio S-128; every expectation seen with pandas 2.2.3
    #[test]
    fn duplicates_and_empty_names() {
        for (header, expected) in [
            ("a,b", "a,b"),
            ("a,a,a", "a,a.1,a.2"),
            ("a,a,a.1", "a,a.2,a.1"),
            ("a,a.1,a", "a,a.1,a.2"),
            ("a,a,a.1,a.1", "a,a.2,a.1,a.1.1"),
            (",a,", "Unnamed: 0,a,Unnamed: 2"),
            ("Unnamed: 1,,x", "Unnamed: 1,Unnamed: 1.1,x"),
            (",Unnamed: 0", "Unnamed: 0.1,Unnamed: 0"),
            ("a,a ,A", "a,a ,A"),
        ] {
            let header = header.split(',').map(str::to_owned).collect();
            assert_eq!(distinct(header).join(","), expected);
        }
    }

    #[test]
    fn many_duplicates_take_linear_time() {
        let names = distinct(vec!["a".to_owned(); 20_000]);
        assert_eq!(names[19_999], "a.19999");
    }
}

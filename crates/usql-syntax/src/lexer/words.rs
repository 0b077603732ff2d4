//! Which words the language keeps for itself.

pub(crate) const SHORT: &[&str] = &["AS", "BY", "DO", "IF", "IN", "IS", "ON", "OR", "TO"];

/// The keywords of C# 5, sorted.
pub(crate) const CSHARP: &[&str] = &[
    "abstract",
    "as",
    "base",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "checked",
    "class",
    "const",
    "continue",
    "decimal",
    "default",
    "delegate",
    "do",
    "double",
    "else",
    "enum",
    "event",
    "explicit",
    "extern",
    "false",
    "finally",
    "fixed",
    "float",
    "for",
    "foreach",
    "goto",
    "if",
    "implicit",
    "in",
    "int",
    "interface",
    "internal",
    "is",
    "lock",
    "long",
    "namespace",
    "new",
    "null",
    "object",
    "operator",
    "out",
    "override",
    "params",
    "private",
    "protected",
    "public",
    "readonly",
    "ref",
    "return",
    "sbyte",
    "sealed",
    "short",
    "sizeof",
    "stackalloc",
    "static",
    "string",
    "struct",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "unsafe",
    "ushort",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
];

/// Whether an unquoted word is reserved: all-upper-case words of letters only
/// that are longer than two, nine short ones, and the keywords of C# 5.
pub fn is_reserved(word: &str) -> bool {
    if CSHARP.binary_search(&word).is_ok() || SHORT.contains(&word) {
        return true;
    }
    word.chars().count() > 2 && word.chars().all(|c| c.is_alphabetic() && c.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_the_search_finds() {
        assert!(CSHARP.is_sorted());
    }

    #[test]
    fn follows_the_documented_rule() {
        for word in ["SELECT", "FOO", "AS", "TO", "int", "string"] {
            assert!(is_reserved(word), "{word}");
        }
        for word in ["ID", "F1", "ARRAY_AGG", "Select", "from", "x"] {
            assert!(!is_reserved(word), "{word}");
        }
    }
}

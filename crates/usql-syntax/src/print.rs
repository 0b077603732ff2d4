//! The tree as U-SQL text of one canonical form: every infix expression in
//! parentheses, one blank between words, one statement per line. Parsing the
//! text gives the same tree again; tests rely on it.

mod expr;
mod query;
mod statement;

use std::fmt::{self, Display, Formatter};

use crate::ast::{ColumnDef, Ident, IdentForm, ObjectName, TypeRef, TypeSuffix};
use crate::is_reserved;

/// `items` with `separator` between them.
pub(crate) struct Separated<'a, T>(pub(crate) &'a [T], pub(crate) &'a str);

impl<T: Display> Display for Separated<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, item) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(self.1)?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

/// `items` with commas between them.
pub(crate) fn commas<T>(items: &[T]) -> Separated<'_, T> {
    Separated(items, ", ")
}

impl Display for Ident {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            IdentForm::Plain => f.write_str(&self.text),
            IdentForm::Quoted => write!(f, "[{}]", self.text.replace(']', "]]")),
            IdentForm::Variable => write!(f, "@{}", self.text),
            IdentForm::System => write!(f, "@@{}", self.text),
        }
    }
}

impl Display for ObjectName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Separated(&self.parts, ".").fmt(f)
    }
}

impl Display for TypeRef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Separated(&self.path, ".").fmt(f)?;
        if !self.args.is_empty() {
            write!(f, "<{}>", commas(&self.args))?;
        }
        for suffix in &self.suffixes {
            f.write_str(match suffix {
                TypeSuffix::Nullable => "?",
                TypeSuffix::Array => "[]",
            })?;
        }
        Ok(())
    }
}

impl Display for ColumnDef {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.ty)
    }
}

/// A name as it must be written to be read back: in brackets when it is a
/// reserved word or no identifier.
pub fn quoted(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars
        .next()
        .is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(unicode_ident::is_xid_continue)
        && !is_reserved(name);
    if plain {
        name.to_owned()
    } else {
        format!("[{}]", name.replace(']', "]]"))
    }
}

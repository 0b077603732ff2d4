//! The names an expression can see.

use crate::cs::Type;

/// A column in scope.
#[derive(Clone, Debug)]
pub(crate) struct ScopeColumn {
    /// `alias` or `@rowset` in front of the point.
    pub(crate) qualifier: Option<String>,
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// The columns of an input, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) columns: Vec<ScopeColumn>,
}

/// What a column name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Column(usize),
    Ambiguous,
    Nothing,
}

impl Scope {
    /// The column `name`, of the rowset `qualifier` if given.
    pub(crate) fn find(&self, qualifier: Option<&str>, name: &str) -> Found {
        let mut found = Found::Nothing;
        for (at, column) in self.columns.iter().enumerate() {
            let qualified = qualifier.is_none_or(|q| column.qualifier.as_deref() == Some(q));
            if qualified && column.name == name {
                if found != Found::Nothing {
                    return Found::Ambiguous;
                }
                found = Found::Column(at);
            }
        }
        found
    }

    /// Whether a rowset of this name is in scope.
    pub(crate) fn has_qualifier(&self, qualifier: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.qualifier.as_deref() == Some(qualifier))
    }
}

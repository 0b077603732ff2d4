//! The members of .NET types that expressions may use, each under its C#
//! signature. The table is the documentation: what is not in it does not
//! exist, and the compiler says so by name.

mod convert;
mod dates;
mod math;
mod strings;
mod values;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub(crate) use convert::parse_integer;

use super::{CsResult, Type, Value};

/// What a member may depend on besides its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// The moment that `DateTime.Now` names, in ticks of UTC: one for a run.
    pub(crate) now: i64,
}

/// Computes a member: the receiver first, if it has one.
pub(crate) type Compute = fn(&Context, &[Value]) -> CsResult<Value>;

/// A line of the table: a C# signature and what it does.
pub(crate) type Entry = (&'static str, Compute);

/// How a member is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `value.Name(args)`
    Method,
    /// `value.Name`
    Property,
    /// `Type.Name(args)`
    StaticMethod,
    /// `Type.Name`
    StaticProperty,
    /// `new Type(args)`
    Constructor,
    /// `value[args]`
    Indexer,
}

/// A member of a type.
#[derive(Debug)]
pub(crate) struct MemberDef {
    /// The signature as the table has it: its identity.
    pub(crate) signature: &'static str,
    pub(crate) form: Form,
    pub(crate) name: String,
    pub(crate) params: Vec<Type>,
    /// Whether the last parameter, an array, takes any number of arguments.
    pub(crate) variadic: bool,
    pub(crate) result: Type,
    pub(crate) compute: Compute,
}

/// A member in a bound expression; saved and loaded by its signature.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Member(pub(crate) &'static MemberDef);

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.0.signature == other.0.signature
    }
}

impl TryFrom<String> for Member {
    type Error = String;

    fn try_from(signature: String) -> Result<Self, String> {
        let table = &*TABLE;
        table
            .by_signature
            .get(signature.as_str())
            .map(|at| Self(&table.all[*at]))
            .ok_or_else(|| format!("no member '{signature}'"))
    }
}

impl From<Member> for String {
    fn from(member: Member) -> Self {
        member.0.signature.to_owned()
    }
}

struct Table {
    all: Vec<MemberDef>,
    by_signature: HashMap<&'static str, usize>,
    /// By the name of the owning type, then of the member.
    by_owner: HashMap<(String, String), Vec<usize>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let entries = [
        strings::ENTRIES,
        dates::ENTRIES,
        math::ENTRIES,
        convert::ENTRIES,
        values::ENTRIES,
    ]
    .concat();
    let mut table = Table {
        all: Vec::new(),
        by_signature: HashMap::new(),
        by_owner: HashMap::new(),
    };
    for (signature, compute) in entries {
        let (owner, def) = read(signature, compute);
        let at = table.all.len();
        table.by_signature.insert(signature, at);
        table
            .by_owner
            .entry((owner, def.name.clone()))
            .or_default()
            .push(at);
        table.all.push(def);
    }
    table
});

/// The members `name` of the type or static class `owner`, in table order.
pub(crate) fn find(owner: &str, name: &str) -> impl Iterator<Item = Member> {
    let table = &*TABLE;
    let places = table
        .by_owner
        .get(&(owner.to_owned(), name.to_owned()))
        .map_or(&[][..], Vec::as_slice);
    places.iter().map(|at| Member(&table.all[*at]))
}

/// Whether any static member belongs to a class of this name.
pub(crate) fn is_class(owner: &str) -> bool {
    TABLE.by_owner.keys().any(|(name, _)| name == owner)
}

/// Reads `[static] result Owner.Name[(params)]`, `new Owner(params)` and
/// `result Owner.this[params]`.
fn read(signature: &'static str, compute: Compute) -> (String, MemberDef) {
    let (head, params) = if let Some((head, rest)) = signature.split_once(".this[") {
        (head, rest.strip_suffix(']'))
    } else if let Some((head, rest)) = signature.split_once('(') {
        (head, rest.strip_suffix(')'))
    } else {
        (signature, None)
    };
    let indexer = signature.contains(".this[");
    let (head, is_static) = head
        .strip_prefix("static ")
        .map_or((head, false), |head| (head, true));
    let (result, path) = head.rsplit_once(' ').expect("a signature has a result");
    let (owner, name) = match (indexer, result) {
        (true, _) => (path, "this"),
        (_, "new") => (path, "new"),
        _ => path.rsplit_once('.').expect("a member belongs to a type"),
    };
    let form = match (result, indexer, is_static, params.is_some()) {
        ("new", ..) => Form::Constructor,
        (_, true, ..) => Form::Indexer,
        (_, _, true, true) => Form::StaticMethod,
        (_, _, true, false) => Form::StaticProperty,
        (_, _, false, true) => Form::Method,
        (_, _, false, false) => Form::Property,
    };
    let variadic = params.is_some_and(|p| p.contains("params "));
    let params = params.map(parameter_types).unwrap_or_default();
    let result = if result == "new" {
        type_of(owner)
    } else {
        type_of(result)
    };
    let def = MemberDef {
        signature,
        form,
        name: name.to_owned(),
        params,
        variadic,
        result,
        compute,
    };
    (owner.to_owned(), def)
}

fn parameter_types(list: &str) -> Vec<Type> {
    let mut types = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, c) in list.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                types.push(type_of(&list[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    if !list[start..].trim().is_empty() {
        types.push(type_of(&list[start..]));
    }
    types
}

/// A type of the table, which is part of the program: it exists.
fn type_of(text: &str) -> Type {
    let text = text.trim();
    let text = text.strip_prefix("params ").unwrap_or(text);
    super::resolve::parse_type(text).expect("the table of members names known types")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads() {
        assert!(TABLE.all.len() > 150);
        assert_eq!(
            TABLE.by_signature.len(),
            TABLE.all.len(),
            "a signature occurs twice"
        );
        let split: Vec<_> = find("string", "Split").collect();
        assert!(
            split
                .iter()
                .any(|m| m.0.variadic && m.0.params == [Type::Array(Box::new(Type::Char))])
        );
        let length = find("string", "Length").next().expect("a property");
        assert_eq!(
            (length.0.form, &length.0.result),
            (Form::Property, &Type::Int)
        );
        let now = find("DateTime", "Now").next().expect("a property");
        assert_eq!(now.0.form, Form::StaticProperty);
        let new = find("DateTime", "new").next().expect("a constructor");
        assert_eq!((new.0.form, new.0.params.len()), (Form::Constructor, 3));
        let indexer = find("string", "this").next().expect("an indexer");
        assert_eq!(
            (indexer.0.form, &indexer.0.result),
            (Form::Indexer, &Type::Char)
        );
    }

    #[test]
    fn a_member_is_saved_by_its_signature() {
        let member = find("Math", "Sqrt").next().expect("a member");
        let text = serde_json::to_string(&member).expect("serialisable");
        assert_eq!(text, "\"static double Math.Sqrt(double)\"");
        assert_eq!(
            serde_json::from_str::<Member>(&text).expect("known"),
            member
        );
        assert!(serde_json::from_str::<Member>("\"int x.y\"").is_err());
    }
}

//! Written types to types.

use azml_usql_syntax::ast::{TypeRef, TypeSuffix};

use super::Type;

/// Why a written type is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadType {
    /// No type of this name is known.
    Unknown,
    /// `string?`, or `?` twice.
    NotNullable,
    /// A generic type with the wrong number of arguments.
    Arguments,
}

/// The type that is written; namespaces in front of a known name are passed
/// over.
pub(crate) fn resolve_type(written: &TypeRef) -> Result<Type, BadType> {
    let args = written
        .args
        .iter()
        .map(resolve_type)
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = written.path.iter().map(|part| part.text.as_str()).collect();
    let mut ty = named(&names, args)?;
    for suffix in &written.suffixes {
        ty = match suffix {
            TypeSuffix::Array => Type::Array(Box::new(ty)),
            TypeSuffix::Nullable if ty.is_value_type() => Type::Nullable(Box::new(ty)),
            TypeSuffix::Nullable => return Err(BadType::NotNullable),
        };
    }
    Ok(ty)
}

/// A type from its text.
pub(crate) fn parse_type(text: &str) -> Option<Type> {
    let parsed = azml_usql_syntax::parse_expression(&format!("typeof({text})")).ok()?;
    match parsed.kind {
        azml_usql_syntax::ast::ExprKind::TypeOf(written) => resolve_type(&written).ok(),
        _ => None,
    }
}

fn named(path: &[&str], mut args: Vec<Type>) -> Result<Type, BadType> {
    let (name, namespace) = path.split_last().ok_or(BadType::Unknown)?;
    let known_namespace = match namespace.first() {
        None => true,
        Some(first) => matches!(*first, "System" | "Microsoft" | "SQL"),
    };
    if !known_namespace {
        return Err(BadType::Unknown);
    }
    if args.is_empty() {
        return Type::by_name(name).ok_or(BadType::Unknown);
    }
    let one = |args: Vec<Type>| <[Type; 1]>::try_from(args).map_err(|_| BadType::Arguments);
    let two = |args: Vec<Type>| <[Type; 2]>::try_from(args).map_err(|_| BadType::Arguments);
    Ok(match *name {
        "SqlArray" => Type::SqlArray(Box::new(one(args).map(|[item]| item)?)),
        "ARRAY" if namespace == ["SQL"] => Type::SqlArray(Box::new(one(args).map(|[item]| item)?)),
        "SqlMap" | "MAP" => {
            if *name == "MAP" && namespace != ["SQL"] {
                return Err(BadType::Unknown);
            }
            let [key, value] = two(args)?;
            Type::SqlMap(Box::new(key), Box::new(value))
        }
        "Nullable" => {
            let [inner] = one(args)?;
            if !inner.is_value_type() {
                return Err(BadType::NotNullable);
            }
            Type::Nullable(Box::new(inner))
        }
        "IEnumerable" | "List" | "IList" | "ICollection" | "IQueryable" => {
            Type::Enumerable(Box::new(one(args).map(|[item]| item)?))
        }
        "KeyValuePair" => {
            let [key, value] = two(args)?;
            Type::KeyValuePair(Box::new(key), Box::new(value))
        }
        "IGrouping" => {
            let [key, item] = two(args)?;
            Type::Grouping(Box::new(key), Box::new(item))
        }
        "Tuple" => Type::Tuple(args),
        "Func" => {
            let result = args.pop().ok_or(BadType::Arguments)?;
            Type::Func(args, Box::new(result))
        }
        _ => return Err(BadType::Unknown),
    })
}

#[cfg(test)]
mod tests {
    use azml_usql_syntax::ast::ExprKind;

    use super::*;

    fn resolve(text: &str) -> Result<String, BadType> {
        match azml_usql_syntax::parse_expression(&format!("typeof({text})"))
            .expect("a type")
            .kind
        {
            ExprKind::TypeOf(ty) => resolve_type(&ty).map(|ty| ty.to_string()),
            _ => Err(BadType::Unknown),
        }
    }

    #[test]
    fn written_types() {
        for (written, canonical) in [
            ("int?", "int?"),
            ("System.Int32", "int"),
            (
                "SqlArray<SqlMap<string,int?>>",
                "SQL.ARRAY<SQL.MAP<string, int?>>",
            ),
            ("SQL.ARRAY<string>", "SQL.ARRAY<string>"),
            ("byte[]", "byte[]"),
            (
                "Microsoft.Analytics.Types.Sql.SqlArray<int>",
                "SQL.ARRAY<int>",
            ),
            ("Func<string, int>", "Func<string, int>"),
            ("Nullable<DateTime>", "DateTime?"),
            ("List<string>", "IEnumerable<string>"),
        ] {
            assert_eq!(resolve(written).as_deref(), Ok(canonical));
        }
        assert_eq!(resolve("string?"), Err(BadType::NotNullable)); // U-SQL 118
        assert_eq!(resolve("Foo.Bar"), Err(BadType::Unknown));
        assert_eq!(resolve("SqlArray<int, int>"), Err(BadType::Arguments));
    }
}

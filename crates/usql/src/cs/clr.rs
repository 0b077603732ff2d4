//! Types by the names that the catalog of the service gives them.

use super::Type;

impl Type {
    /// The name of a column's type in the .NET runtime, such as `System.Int32`.
    ///
    /// ```
    /// use azml_usql::Type;
    ///
    /// assert_eq!(Type::Int.clr_name(), "System.Int32");
    /// assert_eq!(Type::Long.to_nullable().clr_name(), "System.Nullable`1[[System.Int64]]");
    /// ```
    pub fn clr_name(&self) -> String {
        let name = match self {
            Self::Bool => "Boolean",
            Self::SByte => "SByte",
            Self::Byte => "Byte",
            Self::Short => "Int16",
            Self::UShort => "UInt16",
            Self::Int => "Int32",
            Self::UInt => "UInt32",
            Self::Long => "Int64",
            Self::ULong => "UInt64",
            Self::Float => "Single",
            Self::Double => "Double",
            Self::Decimal => "Decimal",
            Self::Char => "Char",
            Self::String => "String",
            Self::DateTime => "DateTime",
            Self::TimeSpan => "TimeSpan",
            Self::Guid => "Guid",
            Self::Nullable(inner) => return format!("System.Nullable`1[[{}]]", inner.clr_name()),
            Self::Array(item) => return format!("{}[]", item.clr_name()),
            Self::SqlArray(item) => {
                return format!(
                    "Microsoft.Analytics.Types.Sql.SqlArray`1[[{}]]",
                    item.clr_name()
                );
            }
            Self::SqlMap(key, value) => {
                let (key, value) = (key.clr_name(), value.clr_name());
                return format!("Microsoft.Analytics.Types.Sql.SqlMap`2[[{key}],[{value}]]");
            }
            // No column has such a type.
            other => return other.to_string(),
        };
        format!("System.{name}")
    }
}

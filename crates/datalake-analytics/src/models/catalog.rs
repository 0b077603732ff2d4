//! Entries of the U-SQL catalog. All names are as they were written when the entry was made.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{open_enum::open_enum, times};

/// A model of an entry: where it is, then what it is.
macro_rules! entry {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(rename_all = "camelCase", default)]
        #[non_exhaustive]
        pub struct $name {
            /// The analytics account.
            pub compute_account_name: String,
            /// Which version of the entry this is.
            pub version: Option<String>,
            /// The database; absent for entries that are in none.
            pub database_name: Option<String>,
            /// The schema; absent for entries that are in none.
            pub schema_name: Option<String>,
            $($(#[$field_doc])* pub $field: $kind,)*
        }
    };
}

entry! {
    /// A database: see its name.
    Database {}
}

entry! {
    /// A schema: see its name.
    Schema {}
}

entry! {
    /// An assembly.
    Assembly {
        /// Its name in the catalog.
        #[serde(alias = "assemblyClrName")]
        assembly_name: String,
        /// Its name for the .NET runtime.
        clr_name: String,
        /// Whether scripts can refer to it.
        is_visible: bool,
        /// Whether somebody registered it.
        is_user_defined: bool,
        /// Its files; empty in lists.
        files: Vec<AssemblyFile>,
        /// What it needs; empty in lists.
        dependencies: Vec<AssemblyDependency>,
    }
}

open_enum! {
    /// What a file of an assembly is.
    AssemblyFileType {
        /// The assembly itself.
        Assembly = "Assembly",
        /// Something that is deployed with it.
        Resource = "Resource",
        /// Something that is not deployed.
        Nodeploy = "Nodeploy",
    }
}

/// A file of an assembly.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssemblyFile {
    /// What it is.
    #[serde(rename = "type")]
    pub file_type: AssemblyFileType,
    /// Where it came from.
    pub original_path: Option<String>,
    /// Where it is now.
    pub content_path: Option<String>,
}

/// What an assembly needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct AssemblyDependency {
    /// The other entry.
    pub entity_id: EntityId,
}

/// A certain version of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EntityId {
    /// Its name.
    pub name: EntityName,
    /// Its version.
    pub version: Option<String>,
}

/// A name in up to three parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct EntityName {
    /// The first part.
    pub first_part: Option<String>,
    /// The second part.
    pub second_part: Option<String>,
    /// The third part.
    pub third_part: Option<String>,
    /// The server, for entries elsewhere.
    pub server: Option<String>,
}

entry! {
    /// An external data source.
    ExternalDataSource {
        /// Its name.
        external_data_source_name: String,
        /// Its provider, such as `AZURESQLDB`.
        provider: String,
        /// How the provider finds it.
        provider_string: Option<String>,
        /// Types whose conditions it evaluates itself.
        pushdown_types: Vec<String>,
    }
}

entry! {
    /// A credential; its password is never told.
    CatalogCredential {
        /// Its name.
        credential_name: String,
    }
}

entry! {
    /// A secret, which credentials came after; its password is never told.
    CatalogSecret {
        /// Its name.
        secret_name: String,
        /// The address it is for.
        uri: Option<String>,
        /// When it was made.
        #[serde(
            deserialize_with = "times::optional",
            serialize_with = "time::serde::rfc3339::option::serialize"
        )]
        creation_time: Option<OffsetDateTime>,
    }
}

entry! {
    /// A procedure.
    Procedure {
        /// Its name.
        proc_name: String,
        /// The statement that made it.
        definition: String,
    }
}

entry! {
    /// A view.
    View {
        /// Its name.
        view_name: String,
        /// The statement that made it.
        definition: String,
    }
}

entry! {
    /// A table-valued function.
    TableValuedFunction {
        /// Its name.
        tvf_name: String,
        /// The statement that made it.
        definition: String,
    }
}

entry! {
    /// A package.
    Package {
        /// Its name.
        package_name: String,
        /// The statement that made it.
        definition: String,
    }
}

entry! {
    /// A table.
    Table {
        /// Its name.
        table_name: String,
        /// Its columns.
        column_list: Vec<Column>,
        /// Its indexes.
        index_list: Vec<Index>,
        /// The columns that it is partitioned by.
        partition_key_list: Vec<String>,
        /// What it stands for, where its rows are elsewhere.
        external_table: Option<ExternalTable>,
        /// How its rows are spread.
        distribution_info: Option<Distribution>,
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    #[serde(alias = "columnName")]
    pub name: String,
    /// Its type in .NET, such as `System.Int32`.
    #[serde(rename = "type", alias = "dataType")]
    pub column_type: String,
}

/// A table whose rows are elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ExternalTable {
    /// Its name there.
    pub table_name: String,
    /// Where.
    pub data_source: EntityId,
}

/// An index of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The columns it is ordered by.
    pub index_keys: Vec<IndexKey>,
    /// The columns it holds.
    pub columns: Vec<String>,
    /// How its rows are spread.
    pub distribution_info: Option<Distribution>,
    /// The columns it is partitioned by.
    pub partition_key_list: Vec<String>,
    /// Where its rows are.
    pub stream_names: Vec<String>,
    /// Whether it is kept by columns.
    pub is_columnstore: bool,
    /// Its number in the table.
    pub index_id: i64,
    /// Whether no two rows have the same keys.
    pub is_unique: bool,
}

/// A column that rows are ordered by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IndexKey {
    /// The column.
    pub name: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// How rows are spread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Distribution {
    /// The kind; 2 is by hash.
    #[serde(rename = "type")]
    pub kind: i64,
    /// The columns it goes by.
    pub keys: Vec<IndexKey>,
    /// Into how many parts.
    pub count: i64,
    /// Into how many parts as the rows have it.
    pub dynamic_count: i64,
}

entry! {
    /// A type.
    CatalogType {
        /// Its name.
        type_name: String,
        /// Its family.
        type_family: Option<String>,
        /// Its name in C#.
        c_sharp_name: Option<String>,
        /// Its whole name in C#.
        full_c_sharp_name: Option<String>,
        /// Whether there may be no value.
        is_nullable: bool,
        /// Whether somebody made it.
        is_user_defined: bool,
        /// Whether it is of an assembly.
        is_assembly_type: bool,
        /// Whether it is a type of tables.
        is_table_type: bool,
        /// Whether it has parts.
        is_complex_type: bool,
    }
}

entry! {
    /// A type of tables.
    TableType {
        /// Its name.
        type_name: String,
        /// The columns of its tables.
        columns: Vec<Column>,
    }
}

entry! {
    /// A partition of a table.
    TablePartition {
        /// Its name.
        partition_name: String,
        /// The table.
        parent_name: EntityName,
        /// The index it is a part of.
        index_id: i64,
        /// The values that its rows have in the partition keys.
        label: Vec<String>,
        /// When it was made.
        #[serde(
            deserialize_with = "times::optional",
            serialize_with = "time::serde::rfc3339::option::serialize"
        )]
        create_date: Option<OffsetDateTime>,
    }
}

entry! {
    /// A file of a table's rows.
    TableFragment {
        /// What it is a part of.
        parent_id: Option<String>,
        /// Its id.
        fragment_id: Option<String>,
        /// The index.
        index_id: i64,
        /// Bytes.
        size: i64,
        /// Rows.
        row_count: i64,
        /// When it was made.
        #[serde(
            deserialize_with = "times::optional",
            serialize_with = "time::serde::rfc3339::option::serialize"
        )]
        create_date: Option<OffsetDateTime>,
    }
}

entry! {
    /// Statistics of columns.
    TableStatistics {
        /// The table.
        table_name: String,
        /// Their name.
        statistics_name: String,
        /// The columns.
        col_names: Vec<String>,
        /// Whether somebody asked for them.
        is_user_created: bool,
        /// Whether the service made them.
        is_auto_created: bool,
        /// Whether they are of some rows only.
        has_filter: bool,
        /// Of which.
        filter_definition: Option<String>,
    }
}

/// The first rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct TablePreview {
    /// Rows of the table.
    pub total_row_count: i64,
    /// Columns of the table.
    pub total_column_count: i64,
    /// The rows, each value as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there are more.
    pub truncated: bool,
    /// The columns.
    pub schema: Vec<Column>,
}

open_enum! {
    /// Whom an entry of the catalog's access control is for.
    AceType {
        /// The owner.
        UserObj = "UserObj",
        /// The owning group.
        GroupObj = "GroupObj",
        /// Everyone else.
        Other = "Other",
        /// A user.
        User = "User",
        /// A group.
        Group = "Group",
    }
}

open_enum! {
    /// What an entry of the catalog's access control allows.
    AcePermission {
        /// Nothing.
        None = "None",
        /// To use what is there.
        Use = "Use",
        /// To make new entries.
        Create = "Create",
        /// To remove entries.
        Drop = "Drop",
        /// To change entries.
        Alter = "Alter",
        /// To write into tables.
        Write = "Write",
        /// Everything.
        All = "All",
    }
}

/// An entry of the catalog's access control.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ace {
    /// What the principal is.
    pub ace_type: AceType,
    /// The directory's id of the user or group.
    pub principal_id: String,
    /// What it allows.
    pub permission: AcePermission,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// adla L2 and section 3: both pairs of names for a column, null lists left out, unknown members.
    #[test]
    fn tables_are_read_as_recorded() {
        let table: Table = serde_json::from_str(
            r#"{"tableName":"T","columnList":[{"name":"A","type":"System.Int32"},{"columnName":"B","dataType":"System.String"}],
                "indexList":[{"name":"i","indexKeys":[{"name":"A","descending":false}],"columns":["A"],
                "distributionInfo":{"type":2,"keys":[],"count":0,"dynamicCount":0},"partitionFunction":"x"}],
                "externalTable":null,"distributionInfo":null,"databaseName":"d","@odata.context":"c"}"#,
        )
        .unwrap();
        let columns: Vec<_> = table
            .column_list
            .iter()
            .map(|it| (it.name.as_str(), it.column_type.as_str()))
            .collect();
        assert_eq!(columns, [("A", "System.Int32"), ("B", "System.String")]);
        assert_eq!(
            table.index_list[0].distribution_info.as_ref().unwrap().kind,
            2
        );
        assert_eq!(table.database_name.as_deref(), Some("d"));
    }
}

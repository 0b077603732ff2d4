//! Functions of T-SQL that the engine does not have: text, time, and what describes server and session.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, Int32Array, StringArray},
        compute::cast,
        datatypes::DataType,
    },
    common::{Result, cast::as_string_array, exec_datafusion_err},
    logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf},
    scalar::ScalarValue,
};

use crate::sql::{
    catalog::{DEFAULT_SCHEMA, Database, Instance, key},
    security::{Caller, SERVER_ROLES, Scope},
    session::Facts,
    tsql::object_name,
};

/// What the functions know of the session.
#[derive(Clone, Debug)]
pub(super) struct FunctionContext {
    pub(super) instance: Arc<Instance>,
    pub(super) facts: Facts,
}

impl FunctionContext {
    fn caller(&self) -> Caller<'_> {
        Caller {
            instance: &self.instance,
            login: &self.facts.login,
        }
    }
}

/// Every function, for one statement.
pub(super) fn functions(context: &FunctionContext) -> Vec<ScalarUDF> {
    let mut all = text_functions();
    all.extend(session_functions(context));
    all
}

fn text_functions() -> Vec<ScalarUDF> {
    vec![
        of_text("len", |text| units(text.trim_end_matches(' '))),
        of_text("datalength", |text| units(text) * 2),
        of_text("isnumeric", |text| {
            i32::from(text.trim().parse::<f64>().is_ok())
        }),
        of_text("unicode", |text| {
            text.chars()
                .next()
                .and_then(|first| i32::try_from(u32::from(first)).ok())
                .unwrap_or(0)
        }),
        to_text("space", vec![DataType::Int64], |arguments| {
            let count = arguments[0].as_deref()?.parse::<usize>().ok()?;
            Some(" ".repeat(count.min(8000)))
        }),
        to_text(
            "replicate",
            vec![DataType::Utf8, DataType::Int64],
            |arguments| {
                let count = arguments[1].as_deref()?.parse::<usize>().ok()?;
                let text = arguments[0].as_deref()?;
                Some(text.repeat(count.min(8000 / text.len().max(1))))
            },
        ),
        to_text("quotename", vec![DataType::Utf8], |arguments| {
            Some(format!("[{}]", arguments[0].as_deref()?.replace(']', "]]")))
        }),
        create_udf(
            "charindex",
            vec![DataType::Utf8, DataType::Utf8],
            DataType::Int32,
            Volatility::Immutable,
            Arc::new(|arguments| {
                let arrays = ColumnarValue::values_to_arrays(arguments)?;
                let (wanted, texts) = (as_string_array(&arrays[0])?, as_string_array(&arrays[1])?);
                let found: Int32Array = wanted
                    .iter()
                    .zip(texts)
                    .map(|(wanted, text)| Some(charindex(wanted?, text?)))
                    .collect();
                Ok(ColumnarValue::Array(Arc::new(found)))
            }),
        ),
    ]
}

/// The position of a text in another, from 1, without regard to case; 0 where it is not.
fn charindex(wanted: &str, text: &str) -> i32 {
    let (wanted, text) = (wanted.to_lowercase(), text.to_lowercase());
    match text.find(&wanted) {
        Some(_) if wanted.is_empty() => 0,
        Some(at) => units(&text[..at]) + 1,
        None => 0,
    }
}

/// The length as SQL Server counts it: in UTF-16 units.
fn units(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}

fn of_text(name: &'static str, compute: fn(&str) -> i32) -> ScalarUDF {
    create_udf(
        name,
        vec![DataType::Utf8],
        DataType::Int32,
        Volatility::Immutable,
        Arc::new(move |arguments| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let numbers: Int32Array = as_string_array(&arrays[0])?
                .iter()
                .map(|text| text.map(compute))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(numbers)))
        }),
    )
}

/// A function to text of arguments that are read as text.
fn to_text(
    name: &'static str,
    types: Vec<DataType>,
    compute: fn(&[Option<String>]) -> Option<String>,
) -> ScalarUDF {
    create_udf(
        name,
        types,
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(move |arguments| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let texts: Vec<ArrayRef> = arrays
                .iter()
                .map(|array| cast(array, &DataType::Utf8))
                .collect::<Result<_, _>>()?;
            let texts: Vec<&StringArray> = texts
                .iter()
                .map(|texts| as_string_array(texts))
                .collect::<Result<_>>()?;
            let rows = texts
                .first()
                .map_or(1, |texts| datafusion::arrow::array::Array::len(*texts));
            let row = |row: usize| -> Vec<Option<String>> {
                let value = |texts: &&StringArray| {
                    use datafusion::arrow::array::Array;
                    texts.is_valid(row).then(|| texts.value(row).to_owned())
                };
                texts.iter().map(value).collect()
            };
            let computed: StringArray = (0..rows).map(|at| compute(&row(at))).collect();
            Ok(ColumnarValue::Array(Arc::new(computed)))
        }),
    )
}

fn session_functions(context: &FunctionContext) -> Vec<ScalarUDF> {
    let facts = &context.facts;
    let constant = |name: &'static str, value: ScalarValue| {
        create_udf(
            name,
            Vec::new(),
            value.data_type(),
            Volatility::Stable,
            Arc::new(move |_: &[ColumnarValue]| Ok(ColumnarValue::Scalar(value.clone()))),
        )
    };
    let text = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
    vec![
        constant(
            "getdate",
            ScalarValue::TimestampMicrosecond(Some(facts.now_micros), None),
        ),
        constant("suser_sname", text(&facts.login)),
        constant("suser_name", text(&facts.login)),
        constant("original_login", text(&facts.login)),
        constant("schema_name", text(DEFAULT_SCHEMA)),
        constant(
            "newid",
            text(&uuid::Uuid::new_v4().to_string().to_uppercase()),
        ),
        variadic("db_name", context, |context, arguments| {
            let database = match arguments.first() {
                None => context.instance.database(&context.facts.database)?,
                Some(number) => {
                    let number: i32 = number.as_deref()?.parse().ok()?;
                    context
                        .instance
                        .databases
                        .values()
                        .find(|database| database.number == number)?
                }
            };
            Some(database.name.clone())
        }),
        variadic("db_id", context, |context, arguments| {
            let name = match arguments.first() {
                None => &context.facts.database,
                Some(name) => name.as_ref()?,
            };
            Some(context.instance.database(name)?.number.to_string())
        }),
        variadic("object_id", context, |context, arguments| {
            let (database, schema, name) = object(context, arguments.first()?.as_deref()?)?;
            let kind = arguments.get(1).and_then(Option::as_deref);
            let wanted =
                |code: &str| kind.is_none_or(|kind| kind.trim().eq_ignore_ascii_case(code));
            let table = database.table(&schema, &name).filter(|_| wanted("U"));
            let procedure = database.procedure(&schema, &name).filter(|_| wanted("P"));
            let number = table
                .map(|table| table.definition.number)
                .or(procedure.map(|procedure| procedure.number))?;
            Some(number.to_string())
        }),
        variadic("serverproperty", context, |context, arguments| {
            let facts = &context.facts;
            Some(
                match arguments.first()?.as_deref()?.to_lowercase().as_str() {
                    "productversion" => facts.product_version.clone(),
                    "productlevel" => "RTM".to_owned(),
                    "edition" => "Developer Edition (64-bit)".to_owned(),
                    "engineedition" => "3".to_owned(),
                    "servername" | "machinename" => facts.server.clone(),
                    "collation" => "SQL_Latin1_General_CP1_CI_AS".to_owned(),
                    "isadvancedanalyticsinstalled" => "1".to_owned(),
                    "isintegratedsecurityonly" => "0".to_owned(),
                    _ => return None,
                },
            )
        }),
        variadic("is_srvrolemember", context, |context, arguments| {
            let role = arguments.first()?.as_deref()?.to_lowercase();
            let caller = match arguments.get(1) {
                None => context.caller(),
                Some(login) => Caller {
                    instance: &context.instance,
                    login: login.as_deref()?,
                },
            };
            match role.as_str() {
                "public" => Some("1".to_owned()),
                role if SERVER_ROLES.contains(&role) => {
                    Some(i32::from(caller.has_server_role(role)).to_string())
                }
                _ => None,
            }
        }),
        variadic("user_name", context, |context, _| {
            let database = context.instance.database(&context.facts.database)?;
            Some(context.caller().user(database)?.to_owned())
        }),
        variadic("is_member", context, is_member),
        variadic("is_rolemember", context, is_member),
        variadic("error_number", context, |context, _| {
            Some(context.facts.caught.as_ref()?.0.number.to_string())
        }),
        variadic("error_message", context, |context, _| {
            Some(context.facts.caught.as_ref()?.0.message.clone())
        }),
        variadic("error_severity", context, |context, _| {
            Some(context.facts.caught.as_ref()?.0.class.to_string())
        }),
        variadic("error_state", context, |context, _| {
            Some(context.facts.caught.as_ref()?.0.state.to_string())
        }),
        variadic("error_line", context, |context, _| {
            Some(context.facts.caught.as_ref()?.1.to_string())
        }),
        variadic("error_procedure", context, |context, _| {
            let procedure = context.facts.caught.as_ref()?.0.procedure;
            (!procedure.is_empty()).then(|| procedure.to_owned())
        }),
        variadic("xact_state", context, |context, _| {
            Some(i32::from(context.facts.transactions > 0).to_string())
        }),
        variadic("has_perms_by_name", context, |context, arguments| {
            let may = has_permission(context, arguments)?;
            Some(i32::from(may).to_string())
        }),
    ]
}

fn is_member(context: &FunctionContext, arguments: &[Option<String>]) -> Option<String> {
    let database = context.instance.database(&context.facts.database)?;
    let member = context
        .caller()
        .is_member(database, arguments.first()?.as_deref()?)?;
    Some(i32::from(member).to_string())
}

/// HAS_PERMS_BY_NAME: securable, class, permission; `None` for what is not there.
fn has_permission(context: &FunctionContext, arguments: &[Option<String>]) -> Option<bool> {
    let argument = |at: usize| arguments.get(at).and_then(Option::as_deref);
    let permission = argument(2)?.to_uppercase();
    let caller = context.caller();
    let Some(class) = argument(1) else {
        return Some(caller.may_on_server(&permission));
    };
    let current = || context.instance.database(&context.facts.database);
    match class.to_uppercase().as_str() {
        "DATABASE" => {
            let name = argument(0).unwrap_or(&context.facts.database);
            let database = context.instance.database(name.trim_matches(['[', ']']))?;
            Some(caller.may(database, &permission, &Scope::Database))
        }
        "SCHEMA" => Some(caller.may(current()?, &permission, &Scope::Schema(key(argument(0)?)))),
        "OBJECT" => {
            let (database, schema, name) = object(context, argument(0)?)?;
            database
                .table(&schema, &name)
                .map(drop)
                .or_else(|| database.procedure(&schema, &name).map(drop))?;
            let on = Scope::Object(key(&schema), key(&name));
            Some(caller.may(&database, &permission, &on))
        }
        _ => None,
    }
}

/// The database, schema and name of an object's name as text.
fn object(context: &FunctionContext, name: &str) -> Option<(Arc<Database>, String, String)> {
    let parts: Vec<String> = match object_name(name) {
        Some(name) => {
            let parts = name.0.iter().filter_map(|part| part.as_ident());
            parts.map(|part| part.value.clone()).collect()
        }
        // `database..name`
        None => name
            .split('.')
            .map(|part| part.trim_matches(['[', ']', '"', ' ']).to_owned())
            .collect(),
    };
    let (database, schema, name) = match parts.as_slice() {
        [name] => (&context.facts.database, DEFAULT_SCHEMA, name),
        [schema, name] => (&context.facts.database, schema.as_str(), name),
        [database, schema, name] => (database, schema.as_str(), name),
        _ => return None,
    };
    let schema = if schema.is_empty() {
        DEFAULT_SCHEMA
    } else {
        schema
    };
    Some((
        Arc::clone(context.instance.database(database)?),
        schema.to_owned(),
        name.clone(),
    ))
}

type Describe = fn(&FunctionContext, &[Option<String>]) -> Option<String>;

/// A function of any number of constants that describes the server; numbers are given back as numbers.
fn variadic(name: &'static str, context: &FunctionContext, describe: Describe) -> ScalarUDF {
    ScalarUDF::from(description::Describing::new(
        name,
        context.clone(),
        describe,
    ))
}

/// The one function type with a variable number of arguments.
mod description {
    use std::hash::{Hash, Hasher};

    use datafusion::logical_expr::{ScalarFunctionArgs, ScalarUDFImpl, Signature};

    use super::{
        ColumnarValue, DataType, Describe, FunctionContext, Result, ScalarValue, Volatility,
        exec_datafusion_err,
    };

    #[derive(Debug)]
    pub(super) struct Describing {
        name: &'static str,
        context: FunctionContext,
        describe: Describe,
        signature: Signature,
    }

    impl Describing {
        pub(super) fn new(
            name: &'static str,
            context: FunctionContext,
            describe: Describe,
        ) -> Self {
            Self {
                name,
                context,
                describe,
                signature: Signature::one_of(
                    vec![
                        datafusion::logical_expr::TypeSignature::Nullary,
                        datafusion::logical_expr::TypeSignature::VariadicAny,
                    ],
                    Volatility::Stable,
                ),
            }
        }

        fn is_number(&self) -> bool {
            matches!(
                self.name,
                "db_id"
                    | "error_line"
                    | "error_number"
                    | "error_severity"
                    | "error_state"
                    | "has_perms_by_name"
                    | "is_member"
                    | "is_rolemember"
                    | "is_srvrolemember"
                    | "object_id"
                    | "xact_state"
            )
        }
    }

    impl PartialEq for Describing {
        fn eq(&self, other: &Self) -> bool {
            self.name == other.name
        }
    }

    impl Eq for Describing {}

    impl Hash for Describing {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.name.hash(state);
        }
    }

    impl ScalarUDFImpl for Describing {
        fn name(&self) -> &str {
            self.name
        }

        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn return_type(&self, _: &[DataType]) -> Result<DataType> {
            Ok(if self.is_number() {
                DataType::Int32
            } else {
                DataType::Utf8
            })
        }

        fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
            let text = |value: &ColumnarValue| match value {
                ColumnarValue::Scalar(scalar) if scalar.is_null() => Ok(None),
                ColumnarValue::Scalar(scalar) => Ok(Some(scalar.to_string())),
                ColumnarValue::Array(array) if array.len() == 1 => {
                    let scalar = ScalarValue::try_from_array(array, 0)?;
                    Ok((!scalar.is_null()).then(|| scalar.to_string()))
                }
                ColumnarValue::Array(_) => {
                    Err(exec_datafusion_err!("{} takes constants", self.name))
                }
            };
            let arguments = args.args.iter().map(text).collect::<Result<Vec<_>>>()?;
            let described = (self.describe)(&self.context, &arguments);
            Ok(ColumnarValue::Scalar(if self.is_number() {
                ScalarValue::Int32(described.and_then(|number| number.parse().ok()))
            } else {
                ScalarValue::Utf8(described)
            }))
        }
    }
}

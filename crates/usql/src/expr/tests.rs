//! The batch form against the row form: both are computed for generated
//! expressions over generated columns, and must give the same values or the
//! same exception.

use std::sync::Arc;

use proptest::prelude::*;

use super::column::{self, Reader};
use super::{Batch, Row, evaluate, evaluate_row};
use crate::bind::{Environment, ExprBinder, Scope, ScopeColumn};
use crate::cs::members::Context;
use crate::cs::{CsResult, Type, Value};

const CONTEXT: Context = Context { now: 0 };

type TestColumn = (&'static str, fn() -> Type, fn(i32) -> Value);

/// Name, type, and how a value is made from a small number.
const COLUMNS: &[TestColumn] = &[
    ("i", || Type::Int, Value::Int),
    (
        "n",
        || Type::Nullable(Box::new(Type::Int)),
        |n| {
            if n % 3 == 0 {
                Value::Null
            } else {
                Value::Int(n)
            }
        },
    ),
    ("l", || Type::Long, |n| Value::Long(i64::from(n) << 32)),
    ("b", || Type::Byte, |n| Value::Byte(n.to_le_bytes()[0])),
    (
        "d",
        || Type::Double,
        |n| {
            if n == 3 {
                Value::Double(f64::NAN)
            } else {
                Value::Double(f64::from(n) / 2.0)
            }
        },
    ),
    (
        "e",
        || Type::Nullable(Box::new(Type::Double)),
        |n| {
            if n % 4 == 0 {
                Value::Null
            } else {
                Value::Double(f64::from(n))
            }
        },
    ),
    ("p", || Type::Bool, |n| Value::Bool(n % 2 == 0)),
    (
        "s",
        || Type::String,
        |n| {
            if n % 5 == 0 {
                Value::Null
            } else {
                Value::string(format!("t{n}\u{e4}"))
            }
        },
    ),
    (
        "t",
        || Type::DateTime,
        |n| Value::date(600_000_000_000_000_000 + i64::from(n) * 864_000_000_000),
    ),
];

struct OneRow<'a>(&'a [Value]);

impl Row for OneRow<'_> {
    fn column(&self, at: usize) -> CsResult<Value> {
        Ok(self.0[at].clone())
    }
}

fn number() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("i".to_owned()),
        Just("n".to_owned()),
        Just("l".to_owned()),
        Just("b".to_owned()),
        Just("d".to_owned()),
        Just("e".to_owned()),
        Just("s.Length".to_owned()),
        Just("t.Day".to_owned()),
        (-3..4).prop_map(|n| format!("({n})")),
        Just("1.5".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| format!("({a} + {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} * {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} - {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} / {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} % {b})")),
            inner.clone().prop_map(|a| format!("(-{a})")),
            inner.clone().prop_map(|a| format!("((int?) {a})")),
            inner
                .clone()
                .prop_map(|a| format!("((double?) {a} ?? 0.25)")),
            (truth_of(inner.clone()), pair)
                .prop_map(|(c, (a, b))| format!("({c} ? (double?) {a} : (double?) {b})")),
        ]
    })
    .boxed()
}

fn truth_of(number: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let pair = (number.clone(), number.clone());
    let leaf = prop_oneof![
        Just("p".to_owned()),
        Just("s == null".to_owned()),
        Just("s != \"t1\u{e4}\"".to_owned()),
        Just("t < new DateTime(1902, 5, 1)".to_owned()),
        (
            pair.clone(),
            prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="])
        )
            .prop_map(|((a, b), op)| format!("{a} {op} {b}")),
        (number.clone(), pair).prop_map(|(a, (b, c))| format!("{a} BETWEEN {b} AND {c}")),
        number.prop_map(|a| format!("{a} IS NULL")),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
    .boxed()
}

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        number(),
        truth_of(number()),
        (number(), truth_of(number())).prop_map(|(a, c)| format!("s + {a} + ({c})")),
        truth_of(number()).prop_map(|c| format!("({c}) ? s : \"other\"")),
        truth_of(number()).prop_map(|c| format!("({c}) && s.Substring(1).Length > 1")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn batches_and_rows_agree(source in expression(), seeds in prop::collection::vec(-6..7_i32, 0..12)) {
        let parsed = azml_usql_syntax::parse_expression(&source).expect("a generated expression");
        let scope = Scope {
            columns: COLUMNS
                .iter()
                .map(|(name, ty, _)| ScopeColumn { qualifier: None, name: (*name).to_owned(), ty: ty() })
                .collect(),
        };
        let mut environment = Environment::new(0, None);
        // Generated expressions may have no type: `l % (double?) x` of constants, and so on.
        let Ok(expr) = ExprBinder::new(&mut environment, &scope).bind(&parsed) else { return Ok(()) };
        let types: Vec<Type> = COLUMNS.iter().map(|(_, ty, _)| ty()).collect();
        let rows: Vec<Vec<Value>> = seeds
            .iter()
            .map(|seed| COLUMNS.iter().enumerate().map(|(at, (.., make))| {
                make((seed + i32::try_from(at).unwrap_or(0)) % 7)
            }).collect())
            .collect();
        let columns = types
            .iter()
            .enumerate()
            .map(|(at, ty)| {
                let values: Vec<Value> = rows.iter().map(|row| row[at].clone()).collect();
                column::build(&values, ty)
            })
            .collect();
        let batch = Batch { columns, types: &types, rows: rows.len() };
        let by_batch = evaluate(&expr, &batch, &CONTEXT);
        let each: Vec<CsResult<Value>> =
            rows.iter().map(|row| evaluate_row(&expr, &OneRow(row), &CONTEXT)).collect();
        // A batch takes one operand of all rows after the other, so where several rows raise it may
        // meet another one's exception first.
        let raised: Vec<&str> =
            each.iter().filter_map(|value| value.as_ref().err()).map(|error| error.exception).collect();
        let by_row: CsResult<Vec<Value>> = each.iter().cloned().collect();
        match (by_batch, by_row) {
            (Ok(array), Ok(values)) => {
                prop_assert_eq!(array.len(), values.len());
                let reader = Reader::new(&Arc::clone(&array), &expr.ty);
                let expected = Reader::new(&column::build(&values, &expr.ty), &expr.ty);
                for row in 0..values.len() {
                    let (a, b) = (reader.value(row), expected.value(row));
                    // NaN is not equal to itself.
                    prop_assert_eq!(format!("{a:?}"), format!("{b:?}"), "{} row {}", source, row);
                }
            }
            (Err(error), Err(_)) => {
                prop_assert!(raised.contains(&error.exception), "{source}: {error}, not {raised:?}");
            }
            (a, b) => prop_assert!(false, "{source}: batch {a:?}, rows {b:?}"),
        }
    }
}

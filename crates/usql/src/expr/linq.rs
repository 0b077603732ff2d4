//! Functions over sequences: LINQ, and what arrays and maps have besides.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Expr;
use super::column::default_value;
use super::eval::{Interpreter, insert, sequence};
use crate::cs::ops::{self, Arithmetic};
use crate::cs::{CsError, CsResult, Items, Type, Value};

/// A function over a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum LinqFunction {
    Select,
    Where,
    SelectMany,
    Distinct,
    OrderBy,
    OrderByDescending,
    Reverse,
    Take,
    Skip,
    TakeWhile,
    SkipWhile,
    First,
    FirstOrDefault,
    Last,
    LastOrDefault,
    Single,
    ElementAt,
    ElementAtOrDefault,
    Any,
    All,
    Count,
    Sum,
    Min,
    Max,
    Average,
    Aggregate,
    Concat,
    Union,
    Except,
    Intersect,
    Contains,
    SequenceEqual,
    Zip,
    GroupBy,
    /// `ToArray`, `ToList`, `new SqlArray<T>(…)`, `SqlArray.Create`.
    Items,
    /// `new SqlMap<K, V>(…)`, `SqlMap.Create`, `ToDictionary`.
    Map,
    Keys,
    Values,
    Range,
    Repeat,
    DefaultIfEmpty,
    /// A percentile of the items: the fraction, and whether the order is reversed.
    PercentileCont,
    PercentileDisc,
}

fn empty() -> CsError {
    CsError::invalid_operation("Sequence contains no elements")
}

fn no_match() -> CsError {
    CsError::invalid_operation("Sequence contains no matching element")
}

/// Computes `function`; `args` has the sequence first, then values and lambdas.
pub(super) fn evaluate(
    run: &mut Interpreter<'_>,
    function: LinqFunction,
    args: &[Expr],
    ty: &Type,
) -> CsResult<Value> {
    use LinqFunction as F;
    match function {
        F::Range => {
            let (start, count) = (run.eval(&args[0])?.int(), run.eval(&args[1])?.int());
            if count < 0 || i64::from(start) + i64::from(count) - 1 > i64::from(i32::MAX) {
                return Err(CsError::new(
                    "System.ArgumentOutOfRangeException",
                    "Specified argument was out of the range of valid values.\r\nParameter name: count",
                ));
            }
            return Ok(Value::list((0..count).map(|n| Value::Int(start + n))));
        }
        F::Repeat => {
            let (item, count) = (run.eval(&args[0])?, run.eval(&args[1])?.int());
            let count = usize::try_from(count).map_err(|_| {
                CsError::new("System.ArgumentOutOfRangeException", "Specified argument was out of the range of valid values.\r\nParameter name: count")
            })?;
            return Ok(Value::list(std::iter::repeat_n(item, count)));
        }
        _ => {}
    }
    let source = match run.eval(&args[0])? {
        Value::Null if matches!(function, F::Keys | F::Values) => {
            return Err(CsError::null_reference());
        }
        Value::Null if function == F::Items && matches!(ty, Type::SqlArray(_)) => {
            return Err(CsError::null_argument("collection"));
        }
        Value::Null => return Err(CsError::null_argument("source")),
        value => value,
    };
    let items = source.items();
    let lambda = args.get(1);
    match function {
        F::Select => {
            let body = &args[1];
            items
                .iter()
                .map(|item| run.call(body, std::slice::from_ref(item)))
                .collect::<CsResult<Vec<_>>>()
                .map(Value::list)
        }
        F::Where => filtered(run, &items, lambda).map(Value::list),
        F::SelectMany => {
            let mut out = Vec::new();
            for item in &*items {
                match run.call(&args[1], std::slice::from_ref(item))? {
                    Value::Null => return Err(CsError::null_reference()),
                    inner => match args.get(2) {
                        None => out.extend(inner.items().iter().cloned()),
                        Some(result) => {
                            for second in &*inner.items() {
                                out.push(run.call(result, &[item.clone(), second.clone()])?);
                            }
                        }
                    },
                }
            }
            Ok(Value::list(out))
        }
        F::Distinct => Ok(Value::list(distinct(items.iter().cloned()))),
        F::OrderBy | F::OrderByDescending => {
            order(run, &items, &args[1..], function == F::OrderByDescending)
        }
        F::Reverse => Ok(Value::list(items.iter().rev().cloned())),
        F::Take => {
            let count = usize::try_from(run.eval(&args[1])?.int()).unwrap_or(0);
            Ok(Value::list(items.iter().take(count).cloned()))
        }
        F::Skip => {
            let count = usize::try_from(run.eval(&args[1])?.int()).unwrap_or(0);
            Ok(Value::list(items.iter().skip(count).cloned()))
        }
        F::TakeWhile | F::SkipWhile => {
            let mut at = items.len();
            for (n, item) in items.iter().enumerate() {
                if run.call(&args[1], std::slice::from_ref(item))? != Value::Bool(true) {
                    at = n;
                    break;
                }
            }
            let kept = if function == F::TakeWhile {
                &items[..at]
            } else {
                &items[at..]
            };
            Ok(Value::list(kept.iter().cloned()))
        }
        F::First | F::Single => {
            let found = filtered(run, &items, lambda)?;
            if function == F::Single && found.len() > 1 {
                return Err(CsError::invalid_operation(
                    "Sequence contains more than one element",
                ));
            }
            let missing = if lambda.is_some() {
                no_match()
            } else {
                empty()
            };
            found.into_iter().next().ok_or(missing)
        }
        F::FirstOrDefault => Ok(filtered(run, &items, lambda)?
            .into_iter()
            .next()
            .unwrap_or_else(|| default_value(ty))),
        F::Last => {
            let missing = if lambda.is_some() {
                no_match()
            } else {
                empty()
            };
            filtered(run, &items, lambda)?.pop().ok_or(missing)
        }
        F::LastOrDefault => Ok(filtered(run, &items, lambda)?
            .pop()
            .unwrap_or_else(|| default_value(ty))),
        F::ElementAt => {
            let at = usize::try_from(run.eval(&args[1])?.int()).ok();
            at.and_then(|at| items.get(at)).cloned().ok_or_else(|| {
                CsError::out_of_range(
                    "Index was out of range. Must be non-negative and less than the size of the collection.",
                    "index",
                )
            })
        }
        F::ElementAtOrDefault => {
            let at = usize::try_from(run.eval(&args[1])?.int()).ok();
            Ok(at
                .and_then(|at| items.get(at))
                .cloned()
                .unwrap_or_else(|| default_value(ty)))
        }
        F::Any => Ok(Value::Bool(!filtered(run, &items, lambda)?.is_empty())),
        F::All => Ok(Value::Bool(
            filtered(run, &items, lambda)?.len() == items.len(),
        )),
        F::Count => {
            let count = filtered(run, &items, lambda)?.len();
            i32::try_from(count)
                .map(Value::Int)
                .map_err(|_| CsError::overflow("Arithmetic operation resulted in an overflow."))
        }
        F::Sum | F::Min | F::Max | F::Average => {
            let values = match lambda {
                None => items.to_vec(),
                Some(body) => items
                    .iter()
                    .map(|item| run.call(body, std::slice::from_ref(item)))
                    .collect::<CsResult<Vec<_>>>()?,
            };
            fold(function, values, ty)
        }
        F::Aggregate => {
            let (mut sum, rest, body) = match args {
                [_, body] => {
                    let (first, rest) = items.split_first().ok_or_else(empty)?;
                    (first.clone(), rest, body)
                }
                _ => (run.eval(&args[1])?, &items[..], &args[2]),
            };
            for item in rest {
                sum = run.call(body, &[sum, item.clone()])?;
            }
            match args.get(3) {
                Some(result) => run.call(result, &[sum]),
                None => Ok(sum),
            }
        }
        F::Concat | F::Union | F::Except | F::Intersect | F::SequenceEqual | F::Zip => {
            let other = match run.eval(&args[1])? {
                Value::Null => return Err(CsError::null_argument("second")),
                value => value.items(),
            };
            let has = |set: &[Value], item: &Value| set.iter().any(|other| ops::same(other, item));
            Ok(match function {
                F::Concat => Value::list(items.iter().chain(&*other).cloned()),
                F::Union => Value::list(distinct(items.iter().chain(&*other).cloned())),
                F::Except => {
                    Value::list(distinct(items.iter().filter(|i| !has(&other, i)).cloned()))
                }
                F::Intersect => {
                    Value::list(distinct(items.iter().filter(|i| has(&other, i)).cloned()))
                }
                F::SequenceEqual => Value::Bool(
                    items.len() == other.len()
                        && items.iter().zip(&*other).all(|(a, b)| ops::same(a, b)),
                ),
                _ => Value::list(
                    items
                        .iter()
                        .zip(&*other)
                        .map(|(a, b)| run.call(&args[2], &[a.clone(), b.clone()]))
                        .collect::<CsResult<Vec<_>>>()?,
                ),
            })
        }
        F::Contains => {
            let wanted = run.eval(&args[1])?;
            Ok(Value::Bool(
                items.iter().any(|item| ops::same(item, &wanted)),
            ))
        }
        F::GroupBy => {
            let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
            for item in &*items {
                let key = run.call(&args[1], std::slice::from_ref(item))?;
                let element = match args.get(2) {
                    Some(element) => run.call(element, std::slice::from_ref(item))?,
                    None => item.clone(),
                };
                match groups.iter_mut().find(|(k, _)| ops::same(k, &key)) {
                    Some((_, elements)) => elements.push(element),
                    None => groups.push((key, vec![element])),
                }
            }
            Ok(Value::list(groups.into_iter().map(|(key, elements)| {
                Value::Group(Arc::new((key, Items(elements.into()))))
            })))
        }
        F::Items => Ok(sequence(items.to_vec(), ty)),
        F::Map => {
            let mut map = Vec::with_capacity(items.len());
            for item in &*items {
                let (key, value) = match (args.get(1), args.get(2), item) {
                    (Some(key), Some(value), item) => (
                        run.call(key, std::slice::from_ref(item))?,
                        run.call(value, std::slice::from_ref(item))?,
                    ),
                    (Some(key), None, item) => {
                        (run.call(key, std::slice::from_ref(item))?, item.clone())
                    }
                    (None, _, Value::Pair(pair)) => (pair.0.clone(), pair.1.clone()),
                    _ => return Err(CsError::null_reference()),
                };
                insert(&mut map, key, value)?;
            }
            Ok(Value::Map(map.into()))
        }
        F::Keys | F::Values => {
            let part = |item: &Value| match item {
                Value::Pair(pair) if function == F::Keys => pair.0.clone(),
                Value::Pair(pair) => pair.1.clone(),
                other => other.clone(),
            };
            Ok(Value::list(items.iter().map(part)))
        }
        F::DefaultIfEmpty => {
            if items.is_empty() {
                let item = match lambda {
                    Some(value) => run.eval(value)?,
                    None => default_value(&ty.element().unwrap_or(Type::Object)),
                };
                return Ok(Value::list([item]));
            }
            Ok(Value::List(items))
        }
        F::PercentileCont | F::PercentileDisc => {
            let (fraction, reversed) = (run.eval(&args[1])?.double(), run.eval(&args[2])?.bool());
            percentile(&items, fraction, reversed, function == F::PercentileCont)
        }
        F::Range | F::Repeat => unreachable!("they have no source and are computed above"),
    }
}

/// The items that pass, all without a lambda.
fn filtered(
    run: &mut Interpreter<'_>,
    items: &[Value],
    lambda: Option<&Expr>,
) -> CsResult<Vec<Value>> {
    let Some(lambda) = lambda else {
        return Ok(items.to_vec());
    };
    let mut kept = Vec::new();
    for item in items {
        if run.call(lambda, std::slice::from_ref(item))? == Value::Bool(true) {
            kept.push(item.clone());
        }
    }
    Ok(kept)
}

fn distinct(items: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| ops::same(other, &item)) {
            kept.push(item);
        }
    }
    kept
}

/// Keys in order of weight. `ThenBy` adds its key behind; a constant `true`
/// behind a key makes it descending.
fn order(
    run: &mut Interpreter<'_>,
    items: &[Value],
    keys: &[Expr],
    first_descending: bool,
) -> CsResult<Value> {
    let mut lambdas: Vec<(&Expr, bool)> = Vec::new();
    for key in keys {
        match key.as_const() {
            Some(Value::Bool(descending)) => {
                if let Some(last) = lambdas.last_mut() {
                    last.1 = *descending;
                }
            }
            _ => lambdas.push((key, first_descending && lambdas.is_empty())),
        }
    }
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let row = lambdas
            .iter()
            .map(|(lambda, _)| run.call(lambda, std::slice::from_ref(item)))
            .collect::<CsResult<Vec<_>>>()?;
        rows.push((row, item.clone()));
    }
    rows.sort_by(|(a, _), (b, _)| {
        for ((x, y), (_, descending)) in a.iter().zip(b).zip(&lambdas) {
            let order = ops::compare(x, y);
            if order != Ordering::Equal {
                return if *descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    });
    Ok(Value::list(rows.into_iter().map(|(_, item)| item)))
}

/// The value below which a fraction of the items lies: between two items, or
/// the first that reaches it. Nulls do not count.
fn percentile(items: &[Value], fraction: f64, reversed: bool, between: bool) -> CsResult<Value> {
    let mut sorted: Vec<&Value> = items.iter().filter(|item| !item.is_null()).collect();
    sorted.sort_by(|a, b| {
        if reversed {
            ops::compare(b, a)
        } else {
            ops::compare(a, b)
        }
    });
    let Some(last) = sorted.len().checked_sub(1) else {
        return Ok(Value::Null);
    };
    let place = |exact: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the items"
        )]
        let at = exact.max(0.0) as usize;
        at.min(last)
    };
    let count = |n: usize| ops::long_to_double(i64::try_from(n).unwrap_or(i64::MAX));
    if !between {
        let rank = (fraction * count(sorted.len())).ceil() - 1.0;
        return Ok(sorted[place(rank)].clone());
    }
    let rank = fraction * count(last);
    let (low, high) = (place(rank.floor()), place(rank.ceil()));
    let number = |at: usize| {
        ops::double_of(sorted[at]).ok_or_else(|| CsError::invalid_operation("no number"))
    };
    let (a, b) = (number(low)?, number(high)?);
    Ok(Value::Double(a + (b - a) * (rank - rank.floor())))
}

/// Nulls do not count. An empty sequence sums to zero and has no other fold,
/// unless the result may be null.
fn fold(function: LinqFunction, values: Vec<Value>, ty: &Type) -> CsResult<Value> {
    let values: Vec<Value> = values
        .into_iter()
        .filter(|value| !value.is_null())
        .collect();
    let Some(first) = values.first().cloned() else {
        return match function {
            LinqFunction::Sum => Ok(default_value(ty.underlying())),
            _ if ty.is_nullable() => Ok(Value::Null),
            _ => Err(empty()),
        };
    };
    match function {
        LinqFunction::Min => {
            Ok(values.into_iter().fold(
                first,
                |a, b| if ops::compare(&b, &a).is_lt() { b } else { a },
            ))
        }
        LinqFunction::Max => {
            Ok(values.into_iter().fold(
                first,
                |a, b| if ops::compare(&b, &a).is_gt() { b } else { a },
            ))
        }
        LinqFunction::Sum => {
            let wide = ty.underlying();
            let mut sum = default_value(wide);
            for value in &values {
                let value = ops::convert(value, wide, false)?;
                sum = ops::arithmetic(Arithmetic::Add, &sum, &value)?;
            }
            Ok(sum)
        }
        _ => {
            let wide = ty.underlying();
            let mut sum = default_value(wide);
            for value in &values {
                let value = ops::convert(value, wide, false)?;
                sum = ops::arithmetic(Arithmetic::Add, &sum, &value)?;
            }
            let count = i64::try_from(values.len()).map_err(|_| empty())?;
            ops::arithmetic(
                Arithmetic::Divide,
                &sum,
                &ops::convert(&Value::Long(count), wide, false)?,
            )
        }
    }
}

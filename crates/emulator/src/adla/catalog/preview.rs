//! The first rows of a table.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use azml_usql::FileStore;
use azml_usql::catalog::Table;
use serde_json::json;

use crate::arm::ArmError;

/// Rows and columns shown when a request names no limit.
const DEFAULT: usize = 100;

/// `previewrows` of a table or of a partition.
pub(super) async fn rows(
    store: Arc<dyn FileStore>,
    table: Table,
    query: &HashMap<String, String>,
) -> Result<Response, ArmError> {
    let limit = |name: &str| match query.get(name) {
        None => Ok(DEFAULT),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ArmError::invalid_value(name, "a number is expected")),
    };
    let (most_rows, most_columns) = (limit("maxRows")?, limit("maxColumns")?);
    let columns = table.columns.clone();
    let reading =
        tokio::task::spawn_blocking(move || azml_usql::preview(&table, &*store, most_rows));
    let unreadable = |error: &dyn std::fmt::Display| {
        ArmError::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "TableNotReadable",
            format!("The rows of the table cannot be read: {error}"),
        )
    };
    let mut preview = reading
        .await
        .map_err(|error| unreadable(&error))?
        .map_err(|error| unreadable(&error))?;
    for row in &mut preview.rows {
        row.truncate(most_columns);
    }
    let shown = u64::try_from(preview.rows.len()).unwrap_or(u64::MAX);
    let schema: Vec<_> = columns
        .iter()
        .take(most_columns)
        .map(|column| json!({ "name": column.name, "type": column.ty.clr_name() }))
        .collect();
    let body = json!({
        "totalRowCount": preview.total,
        "totalColumnCount": columns.len(),
        "truncated": shown < preview.total || schema.len() < columns.len(),
        "rows": preview.rows,
        "schema": schema,
    });
    Ok(Json(body).into_response())
}

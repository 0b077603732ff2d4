//! Programs as documents, so that they can be run by another process than the one that compiled
//! them. What rowsets share is written once: each stands in a list and names others by their place.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Change};
use crate::compile::Program;
use crate::rel::{Column, Node, Rel, Relation, Sink, SinkTarget};

/// Raised when older documents can no longer be read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    now: i64,
    relations: Vec<Entry>,
    sinks: Vec<(usize, SinkTarget)>,
    changes: Vec<Change>,
    catalog: Catalog,
}

/// A rowset; its inputs stand before it.
#[derive(Serialize, Deserialize)]
struct Entry {
    node: Node<usize>,
    columns: Vec<Column>,
}

/// Why bytes are no program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// They are no document of this kind.
    #[error("the program cannot be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// They were written by another version.
    #[error("the program is of version {0}; this one reads version {own}", own = VERSION)]
    Version(u32),
    /// A rowset names one that does not stand before it.
    #[error("the program names rowsets that it does not have")]
    Damaged,
}

impl Program {
    /// The program as a document: everything needed to run it but the files it reads. Diagnostics
    /// stay behind.
    ///
    /// # Errors
    ///
    /// When an expression is nested too deeply for a document.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut list = List::default();
        let sinks = self
            .sinks
            .iter()
            .map(|sink| (list.place(&sink.input), sink.target.clone()));
        let sinks = sinks.collect();
        serde_json::to_vec(&Document {
            version: VERSION,
            now: self.now,
            relations: list.entries,
            sinks,
            changes: self.changes.clone(),
            catalog: self.catalog.clone(),
        })
    }

    /// The program that [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a document.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document: Document = serde_json::from_slice(bytes)?;
        if document.version != VERSION {
            return Err(DecodeError::Version(document.version));
        }
        let mut relations: Vec<Rel> = Vec::with_capacity(document.relations.len());
        for entry in document.relations {
            let node = entry.node.over(|place| relations.get(*place).cloned());
            let node = node.ok_or(DecodeError::Damaged)?;
            relations.push(Rel::new(Relation {
                node,
                columns: entry.columns,
            }));
        }
        let sink = |(place, target): (usize, SinkTarget)| {
            let input = relations.get(place).cloned().ok_or(DecodeError::Damaged)?;
            Ok::<_, DecodeError>(Sink { input, target })
        };
        Ok(Self {
            sinks: document
                .sinks
                .into_iter()
                .map(sink)
                .collect::<Result<_, _>>()?,
            now: document.now,
            changes: document.changes,
            catalog: document.catalog,
            diagnostics: Vec::new(),
        })
    }
}

/// The rowsets of a program, each once.
#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    places: HashMap<*const Relation, usize>,
}

impl List {
    /// The place of a rowset, which is added behind its inputs if need be.
    fn place(&mut self, rel: &Rel) -> usize {
        let mut pending = vec![rel];
        while let Some(rel) = pending.last().copied() {
            let inputs = rel.node.inputs();
            let missing = inputs
                .iter()
                .filter(|input| !self.places.contains_key(&Arc::as_ptr(input)));
            let missing: Vec<&Rel> = missing.copied().collect();
            if !missing.is_empty() {
                pending.extend(missing);
                continue;
            }
            pending.pop();
            if self.places.contains_key(&Arc::as_ptr(rel)) {
                continue;
            }
            let known = |input: &Rel| self.places.get(&Arc::as_ptr(input)).copied();
            if let Some(node) = rel.node.over(known) {
                self.entries.push(Entry {
                    node,
                    columns: rel.columns.clone(),
                });
                self.places.insert(Arc::as_ptr(rel), self.entries.len() - 1);
            }
        }
        self.places
            .get(&Arc::as_ptr(rel))
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{CompileOptions, compile};

    /// A rowset that doubles forty times is written once each time, not a trillion times.
    #[test]
    fn what_is_shared_is_written_once() {
        let mut script = "@a = SELECT * FROM (VALUES (1.5, \"x\")) AS T(n, s);\n".to_owned();
        for _ in 0..40 {
            script.push_str("@a = SELECT * FROM @a UNION ALL SELECT * FROM @a;\n");
        }
        script.push_str("OUTPUT @a TO \"/a.csv\" USING Outputters.Csv();");
        let program = compile(&script, &Catalog::default(), None, &CompileOptions::new(0));
        let program = program.expect("it compiles");
        let bytes = program.encode().expect("written");
        assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
        let again = Program::decode(&bytes).expect("read");
        assert_eq!(again.encode().expect("written"), bytes);
    }

    #[test]
    fn damaged_documents_are_refused() {
        assert!(matches!(
            Program::decode(b"{}"),
            Err(DecodeError::Syntax(_))
        ));
        let document = |version: u32, sinks: &str| {
            format!(
                "{{\"version\":{version},\"now\":0,\"relations\":[],\"sinks\":[{sinks}],\"changes\":[],\"catalog\":{{\"databases\":{{}}}}}}"
            )
        };
        let decoded = |text: &str| Program::decode(text.as_bytes());
        assert!(decoded(&document(1, "")).is_ok());
        assert!(matches!(
            decoded(&document(7, "")),
            Err(DecodeError::Version(7))
        ));
        let sink = "[3,{\"Table\":\"/t\"}]";
        assert!(matches!(
            decoded(&document(1, sink)),
            Err(DecodeError::Damaged)
        ));
    }
}

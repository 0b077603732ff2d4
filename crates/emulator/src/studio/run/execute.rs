//! Runs the steps of a graph over stored bytes, on a thread that may block.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    convert::Writer,
    graph::{Delimiter, Graph, Input, Split, Step, Work},
    records::{Form, Record, for_each},
    split::Selection,
};
use crate::{
    state::{FileWriter, Files, NewFile},
    studio::{
        content::Reader,
        model::{Content, Segment},
    },
};

const FLUSH: usize = 1 << 20;

/// Bytes to read, and the type they are to be read as.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) data_type: String,
    pub(super) content: Content,
}

/// One output of a step.
#[derive(Debug)]
pub(in super::super) struct Produced {
    pub(in super::super) node: String,
    pub(in super::super) port: String,
    /// The type that clients are told.
    pub(in super::super) data_type: &'static str,
    pub(in super::super) file: NewFile,
    /// The type that a later step reads it as.
    read_as: String,
}

impl Produced {
    fn source(&self) -> Source {
        Source {
            data_type: self.read_as.clone(),
            content: Content(vec![Segment {
                file: self.file.id().clone(),
                length: self.file.length(),
            }]),
        }
    }
}

/// A graph with the datasets it reads.
#[derive(Debug)]
pub(in super::super) struct Plan {
    pub(super) graph: Graph,
    pub(super) sources: BTreeMap<String, Source>,
}

/// Runs `plan` to its end, or says which node failed and why.
pub(in super::super) fn execute(
    plan: &Plan,
    files: &Files,
    stop: &CancellationToken,
) -> Result<Vec<Produced>, String> {
    let mut done: Vec<Vec<Produced>> = Vec::with_capacity(plan.graph.steps.len());
    for step in &plan.graph.steps {
        let source = match &step.input {
            Input::Dataset(id) => plan.sources.get(id).cloned(),
            Input::Step(step, port) => done
                .get(*step)
                .and_then(|outputs| outputs.get(*port))
                .map(Produced::source),
        };
        let failed = |reason: String| format!("{} ({}): {reason}", step.module, step.node);
        let source = source.ok_or_else(|| failed("the input is missing".to_owned()))?;
        let job = Job { step, files, stop };
        done.push(job.run(&source).map_err(failed)?);
    }
    Ok(done.into_iter().flatten().collect())
}

struct Job<'a> {
    step: &'a Step,
    files: &'a Files,
    stop: &'a CancellationToken,
}

impl Job<'_> {
    fn run(&self, source: &Source) -> Result<Vec<Produced>, String> {
        let form = Form::of(&source.data_type)
            .ok_or_else(|| format!("data of type {} cannot be read as rows", source.data_type))?;
        match &self.step.work {
            Work::Split(split) => self.split(split, source, &form),
            Work::Convert(delimiter) => self.convert(*delimiter, source, &form),
        }
    }

    fn split(&self, split: &Split, source: &Source, form: &Form) -> Result<Vec<Produced>, String> {
        let mut records = 0u64;
        self.read(source, form, |_| {
            records += 1;
            Ok(())
        })?;
        let headers = u64::from(form.has_header && records > 0);
        let mut selection = Selection::new(split, records - headers);
        let mut first = Sink::create(self.files)?;
        let mut second = Sink::create(self.files)?;
        let mut headers_left = headers;
        self.read(source, form, |record| {
            if headers_left > 0 {
                headers_left -= 1;
                first.line(record.bytes())?;
                return second.line(record.bytes());
            }
            match selection.next_is_first() {
                true => first.line(record.bytes()),
                false => second.line(record.bytes()),
            }
        })?;
        // The service keeps rows in a form of its own between modules.
        [first, second]
            .into_iter()
            .zip(&self.step.ports)
            .map(|(sink, port)| self.produced(port, "Dataset", &source.data_type, sink))
            .collect()
    }

    fn convert(
        &self,
        delimiter: Delimiter,
        source: &Source,
        form: &Form,
    ) -> Result<Vec<Produced>, String> {
        let (byte, data_type) = match delimiter {
            Delimiter::Comma => (b',', "GenericCSV"),
            Delimiter::Tab => (b'\t', "GenericTSV"),
        };
        let mut sink = Sink::create(self.files)?;
        let mut writer = Writer::new(byte);
        self.read(source, form, |record| {
            writer.write(record, &form.dialect, form.has_header, &mut sink.buffer)?;
            sink.flush_if_full()
        })?;
        let port = self.step.ports.first().map_or("", String::as_str);
        Ok(vec![self.produced(port, data_type, data_type, sink)?])
    }

    fn read(
        &self,
        source: &Source,
        form: &Form,
        mut each: impl FnMut(&Record<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let reader = Reader::new(self.files, &source.content);
        for_each(reader, &form.dialect, |record| {
            if self.stop.is_cancelled() {
                return Err(STOPPED.to_owned());
            }
            each(record)
        })
    }

    fn produced(
        &self,
        port: &str,
        data_type: &'static str,
        read_as: &str,
        sink: Sink,
    ) -> Result<Produced, String> {
        Ok(Produced {
            node: self.step.node.clone(),
            port: port.to_owned(),
            data_type,
            file: sink.finish()?,
            read_as: read_as.to_owned(),
        })
    }
}

/// Why a run that was cut off has failed.
pub(super) const STOPPED: &str = "the emulator was stopped during the run";

/// A body being written from a blocking thread.
struct Sink {
    writer: FileWriter,
    buffer: Vec<u8>,
}

impl Sink {
    fn create(files: &Files) -> Result<Self, String> {
        Ok(Self {
            writer: wait(files.create())?,
            buffer: Vec::new(),
        })
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.buffer.extend_from_slice(bytes);
        self.buffer.push(b'\n');
        self.flush_if_full()
    }

    fn flush_if_full(&mut self) -> Result<(), String> {
        if self.buffer.len() < FLUSH {
            return Ok(());
        }
        let full = Bytes::from(std::mem::take(&mut self.buffer));
        wait(self.writer.write(full))
    }

    fn finish(mut self) -> Result<NewFile, String> {
        wait(self.writer.write(Bytes::from(self.buffer)))?;
        wait(self.writer.finish())
    }
}

fn wait<T>(work: impl Future<Output = Result<T, crate::state::Error>>) -> Result<T, String> {
    Handle::current()
        .block_on(work)
        .map_err(|error| format!("the output could not be stored: {error}"))
}

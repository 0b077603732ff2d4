//! Jobs: submit, build, list, show, cancel; the queue; what becomes of a job.

mod capacity;
mod change;
mod drive;
mod handler;
mod listings;
mod model;
mod related;
mod show;
mod signals;
mod submit;

pub(super) use drive::Jobs;
pub(super) use handler::handle;

//! Jobs: submit, build, list, show, cancel; the queue; what becomes of a job.

mod capacity;
mod drive;
mod handler;
mod listings;
mod model;
mod related;
mod show;
mod submit;

pub(super) use drive::Jobs;
pub(super) use handler::handle;

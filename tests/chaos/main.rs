//! Processes that die and connections that break: what was acknowledged stays, what was not is
//! absent or whole.

mod data_lake;
mod harness;
mod lake;
mod power_loss;
mod random;
mod sql;
mod storage;
mod studio;
mod usql;

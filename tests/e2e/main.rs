//! Our clients against the emulator: the whole way of an article with the process that users
//! start, single behaviours with an emulator in the test's own process.

mod article;
mod data_lake;
mod datastore;
mod directory;
mod lake_accounts;
mod lake_refusals;
mod lake_store;
mod secrets;
mod sql_server;
mod studio_client;
mod transfers;

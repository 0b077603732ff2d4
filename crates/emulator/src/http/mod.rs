//! The listeners, and what happens to a request before a service sees it:
//! host dispatch, path spelling, request id. No route of a service is here.

mod account;
mod charset;
mod dispatch;
mod listener;
mod range;
mod request;
mod routes;

pub(crate) use account::{ToAccount, account_routes};
pub(crate) use charset::{JSON_UTF_8, name_charset};
pub(crate) use dispatch::Dispatch;
pub(crate) use listener::{Listener, Protocol};
pub(crate) use range::Wanted;
pub(crate) use request::{HostLabel, Origin, Peer, RequestId, Scheme};
pub(crate) use routes::Routes;

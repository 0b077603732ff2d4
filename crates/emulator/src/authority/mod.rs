//! Who calls the emulator: the development directory, the tokens it signs and their verification.
//!
//! Holds no routes and takes no decisions about resources: the token endpoints are in `entra`, and
//! each plane decides what a verified [`Caller`] may do and how a refusal looks on its wire.

mod audience;
mod directory;
mod key;
mod token;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use audience::{Plane, is_known_resource};
pub(crate) use directory::{Application, Directory, Principal, PrincipalKind, tenant_matches};
pub(crate) use token::{Authority, Caller, IssueRequest, Refusal, TokenVersion};

//! The Studio (classic) API of the emulator over HTTP, row by row of its
//! conformance table (S-nnn).

#![cfg(test)]

mod access;
mod datasets;
mod durability;
mod experiments;
mod links;
mod people;
mod support;
mod uploads;

//! Helpers shared by the end-to-end tests: the built command, emulator processes, and the original
//! clients with what they report.

mod emulator_process;
mod environment;
pub mod rows;

pub use emulator_process::EmulatorProcess;
pub use environment::{
    Postgres, allowing_scripts, azml, azurite_blob, is_root, odbc_drivers, python, repository,
    script, target_directory,
};

/// The Rust blocks of the README and the guide compile.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/guide/studio-classic.md")]
    struct StudioClassic;

    #[doc = include_str!("../docs/guide/datastores.md")]
    struct Datastores;

    #[doc = include_str!("../docs/guide/data-lake.md")]
    struct DataLake;

    #[doc = include_str!("../docs/guide/sql-server.md")]
    struct SqlServer;

    #[doc = include_str!("../docs/guide/training.md")]
    struct Training;

    #[doc = include_str!("../docs/guide/testing.md")]
    struct Testing;
}

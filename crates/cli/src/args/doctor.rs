//! `azml doctor`.

use clap::Args;

/// Check endpoint, clock, certificates and credential, and say how to mend them.
#[derive(Args, Debug)]
#[command(
    long_about = "Checks that the configured services can be reached, that the clocks agree, that \
        certificates are trusted and that the credential is accepted, and says how to mend what \
        is not in order.",
    after_help = "Examples:\n  \
        azml doctor\n  \
        azml doctor --profile work --output json\n\n\
        Exit status: 0 nothing is wrong, 1 something is."
)]
pub(crate) struct DoctorArgs {}

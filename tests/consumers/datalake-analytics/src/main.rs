//! What a program outside this repository does with the Data Lake clients by themselves: here without
//! any server, so that building it is what is tested.

use azml_datalake_analytics::{Endpoint, Job, JobFilter, JobState};

fn main() {
    let endpoint = Endpoint::Suffix("azuredatalakeanalytics.net".to_owned());
    let address = endpoint.account("myadla").expect("an account can have this name");
    assert_eq!(address.as_str(), "https://myadla.azuredatalakeanalytics.net/");
    assert!(endpoint.account("not/a/name").is_err());

    let job = Job::usql("Sample Job", "// nothing").degree_of_parallelism(2).priority(100);
    let filter = JobFilter::new().name("Sample Job").state(&JobState::Ended);
    println!("{job:?} would be found by {filter:?}");
}

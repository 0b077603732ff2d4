//! Damaged input to everything that reads bytes from clients: ten thousand
//! seeded mutations of valid bodies each. A failure names its round.

#![cfg(test)]

use azml_emulator::fuzzing;

/// xorshift64*: the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(word).unwrap() % limit.max(1)
    }
}

const PIECES: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e999",
    "\\u0000",
    "\u{feff}",
    "n-1:Results dataset",
    "Split Data",
    "\\ud800",
    "0.5",
    "%",
    "%zz",
    "=",
    "&",
    "-",
    "bytes=",
];

fn mutate(seed: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            2 if at < bytes.len() => {
                bytes.remove(at);
            }
            3 => {
                let end = at + random.below(bytes.len() - at + 1);
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())].bytes();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

fn replay(seeds: &[&str], target: fn(&[u8])) {
    for seed in seeds {
        target(seed.as_bytes());
    }
    let mut random = Random(0x5EED);
    for round in 0..10_000 {
        let bytes = mutate(seeds[random.below(seeds.len())], &mut random);
        let outcome = std::panic::catch_unwind(|| target(&bytes));
        assert!(
            outcome.is_ok(),
            "round {round}: {:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[test]
fn studio_bodies() {
    replay(
        &[
            r#"{"DataSource":{"Name":"n","DataTypeId":"GenericCSV","Description":"d","FamilyId":null,"Owner":"o","SourceOrigin":"FromResourceUpload"},"UploadId":"u","UploadedFromFileName":"","ClientPoll":true}"#,
            r#"{"Description":"d","IsDraft":false,"ExperimentGraph":{"ModuleNodes":[{"Id":"a-1","ModuleId":"Split Data","ModuleParameters":[{"Name":"Random seed","Value":"7"}],"InputPortsInternal":[{"DataSourceId":"x"}]},{"Id":"b-1","ModuleId":"Convert to CSV"}],"EdgesInternal":[{"SourceOutputPortId":"a-1:Result dataset1","DestinationInputPortId":"b-1:Dataset"}]},"WebService":null}"#,
            r#"{Role: "Owner", Emails:"a@b.c, d@e.f"}"#,
        ],
        fuzzing::studio_body,
    );
}

#[test]
fn request_parts() {
    replay(
        &[
            "numberOfBlocks=2&blockId=0&uploadId=u&dataTypeId=GenericCSV",
            "bytes=0-99",
            "bytes=-5",
            "a=%41%2520+b&A=&&=x",
        ],
        fuzzing::request_parts,
    );
}

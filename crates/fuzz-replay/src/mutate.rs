//! Small damage to known inputs.

/// xorshift64*: enough to pick damage, the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(word).unwrap_or(0) % limit
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// The longest input that is made.
const LONGEST: usize = 4096;

/// One of the seeds with one to eight pieces of damage.
pub(crate) fn mutate(random: &mut Random, seeds: &[Vec<u8>], dictionary: &[&[u8]]) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        damage(random, &mut input, seeds, dictionary);
    }
    input.truncate(LONGEST);
    input
}

fn damage(random: &mut Random, input: &mut Vec<u8>, seeds: &[Vec<u8>], dictionary: &[&[u8]]) {
    let at = random.below(input.len() + 1);
    let len = random.below(1 + (input.len() - at).min(16));
    match random.below(8) {
        0 if !dictionary.is_empty() => {
            let piece = dictionary[random.below(dictionary.len())];
            input.splice(at..at, piece.iter().copied());
        }
        1 if !dictionary.is_empty() => {
            let piece = dictionary[random.below(dictionary.len())];
            input.splice(at..at + len, piece.iter().copied());
        }
        2 => {
            input.drain(at..at + len);
        }
        3 => {
            let copy = input[at..at + len].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, copy);
        }
        4 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        5 => input.truncate(at),
        6 if at < input.len() => input[at] ^= 1 << random.below(8),
        _ => input.insert(at, random.byte()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_input() {
        let seeds = [b"1,2\n3,4\n".to_vec(), b"x".to_vec()];
        let inputs = |rounds: std::ops::Range<u64>| -> Vec<Vec<u8>> {
            rounds
                .map(|n| mutate(&mut Random::new(n), &seeds, &[b"\"\""]))
                .collect()
        };
        let mut first = inputs(0..1000);
        assert_eq!(first, inputs(0..1000));
        first.sort();
        first.dedup();
        assert!(first.len() > 500, "only {} different inputs", first.len());
    }
}

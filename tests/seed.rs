//! Where the cases of tests come from that draw them at random: from one seed, which is the same in each run.
//!
//! `.cargo/config.toml` pins it; `PROPTEST_RNG_SEED=N` draws other cases, and the same again for the same number.
//! `scripts/nightly` takes a new one each time. `DBMIGRATE_RANDOM=N` draws N times as many of the property tests' cases.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

thread_local! {
    /// A test's own. Without one in the environment (a test's binary started by hand) it is a new one.
    ///
    /// A test's output is shown when it fails: how to repeat it stands in it.
    #[allow(clippy::print_stdout, reason = "it is shown where the test fails")]
    static SEED: u64 = {
        let seed = std::env::var("PROPTEST_RNG_SEED").map_or_else(
            |_| std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
            |text| text.parse().expect("PROPTEST_RNG_SEED is a number"),
        );
        println!("drawn with the seed {seed}; PROPTEST_RNG_SEED={seed} repeats it");
        seed
    };
}

fn seed() -> u64 {
    SEED.with(|seed| *seed)
}

/// How many times as many cases are asked for.
pub fn times() -> u32 {
    std::env::var("DBMIGRATE_RANDOM").map_or(1, |text| text.parse().expect("DBMIGRATE_RANDOM is a number"))
}

/// Of a property test with so many cases. What fails is written down nowhere: the seed repeats it.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases * times(),
        rng_seed: RngSeed::Fixed(seed()),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Numbers that look random (`SplitMix64`; Steele, Lea, Flood 2014).
pub struct Numbers(u64);

impl Numbers {
    /// A row of numbers of its own for each number, which the seed moves elsewhere.
    pub fn new(number: u64) -> Self {
        Self(number.wrapping_add(seed().wrapping_mul(0xd134_2543_de82_ef95)))
    }

    /// The same numbers whatever the seed is.
    pub fn fixed(number: u64) -> Self {
        Self(number)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// A place in what is so long.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

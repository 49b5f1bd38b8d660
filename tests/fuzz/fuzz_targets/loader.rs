//! A log: the loader and the checker agree about every byte, whatever the pieces, and neither
//! panics. A log that is valid up to some place is valid when it is cut there.
//!
//! The first two bytes say how long the pieces are, and which profile reads.
#![no_main]

use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{Check, Known, LoadError, LoadStep, Loader, Options, Report, Verdict, check};
use aof_core::profile::ProfileName;
use libfuzzer_sys::fuzz_target;

/// What the loader says, in the words of the checker.
fn load(config: &Config, log: &[u8], piece_bytes: usize) -> Report {
    let mut loader = Loader::new(Executor::new(config.clone(), Keyspace::new(1), 1));
    let mut failed = None;
    'pieces: for piece in log.chunks(piece_bytes) {
        loader.feed(piece);
        loop {
            match loader.next_step() {
                Ok(LoadStep::Command(_)) => {}
                Ok(LoadStep::NeedMore) => break,
                Err(error) => {
                    failed = Some(error);
                    break 'pieces;
                }
            }
        }
    }
    let error = failed.or_else(|| match loader.end() {
        Ok(tail) => tail.map(LoadError::Unfinished),
        Err(error) => Some(error),
    });
    let verdict = match error {
        None => Verdict::Valid,
        Some(LoadError::Unfinished(_)) => Verdict::Recoverable,
        Some(LoadError::Broken(_)) => Verdict::Broken,
    };
    let (commands, valid_up_to) =
        (loader.commands(), error.as_ref().map_or(loader.valid_up_to(), LoadError::valid_up_to));
    Report { verdict, error, commands, valid_up_to, size_bytes: log.len() as u64 }
}

fuzz_target!(|data: &[u8]| {
    let [piece, flags, log @ ..] = data else { return };
    let profile = ProfileName::ALL[usize::from(*flags) % ProfileName::ALL.len()];
    let mut config = Config { profile, ..Config::default() };
    let options = Options::from(&config);
    // Strings that one command makes as long as the longest word are no finding.
    config.proto_max_bulk_len = 64 * 1024;
    let whole = check(options, Known::Table, log);
    let mut checker = Check::new(options, Known::Table);
    let piece_bytes = usize::from(*piece) + 1;
    log.chunks(piece_bytes).for_each(|piece| checker.feed(piece));
    assert_eq!(whole, checker.finish(), "the pieces decide");
    assert_eq!(whole, load(&config, log, piece_bytes), "checker and loader disagree");
    // A server of Redis 6.2 may leave an open MULTI in the file; whoever repairs does not.
    let options = options.for_repair();
    let whole = check(options, Known::Table, log);
    let good = usize::try_from(whole.valid_up_to).unwrap();
    let cut = check(options, Known::Table, &log[..good]);
    assert_eq!(cut.verdict, Verdict::Valid, "cutting does not heal");
    assert!(check(options, Known::Everything, log).valid_up_to >= whole.valid_up_to);
});

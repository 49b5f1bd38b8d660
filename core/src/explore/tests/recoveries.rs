//! The fast way must be the loader's way, image by image.

use std::sync::Arc;

use super::*;
use crate::config::Config;
use crate::explore::recoveries::{Recovered, Recoveries};
use crate::load::{Known, LoadError, Options, check};
use crate::resp::encode::encode_command;
use crate::sim::crash::{Limits, possibilities};
use crate::sim::recover::{Recovery, load_class, recover};
use crate::start::StartError;

/// Both ways for one image.
fn compare(recoveries: &mut Recoveries, front: &[u8], tail: &[u8], config: &Config) {
    let whole = [front, tail].concat();
    let expected = match recover(Some(&whole), config, 1) {
        Recovery::Loaded { keyspace, length_bytes, commands } => {
            let report = check(Options::from(config), Known::Table, &whole);
            let applied_bytes = match report.error {
                Some(LoadError::Unfinished(tail)) => tail.applied_up_to(),
                _ => length_bytes,
            };
            let recovered = Recovered { length_bytes, applied_bytes, commands };
            assert_eq!(recoveries.recover(tail), Ok(recovered));
            Outcome::Loaded { digest: keyspace.content_digest(), applied_bytes }
        }
        Recovery::Refused(error) => {
            let fast = recoveries.recover(tail).map_err(StartError::Load);
            assert_eq!(fast, Err((*error).clone()));
            Outcome::Refused(load_class(&error))
        }
    };
    let found = recoveries.of_tail(tail);
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(&whole));
    // The second time it is remembered.
    assert_eq!(recoveries.of_tail(tail), expected);
}

fn config_of(profile: ProfileName, aof_load_truncated: bool) -> Config {
    Config { profile, aof_load_truncated, ..Config::default() }
}

/// Every image of whole runs.
#[test]
fn every_image_of_a_run_recovers_as_the_loader_has_it() {
    let limits = Limits { images: 24, total_bytes: 1 << 20 };
    let mut images = 0;
    for (_, story) in STORIES {
        for profile in ProfileName::ALL {
            for model in DiskModel::ALL {
                let mut world = world_of(story(Policy::EverySec, profile, 1));
                let mut recoveries = Recoveries::new(1, usize::MAX);
                let mut last = 0;
                while world.step().is_some() {
                    let disk = &world.machine().disk;
                    let mut digest = crate::digest::Digest::new();
                    disk.digest_into(&mut digest);
                    if std::mem::replace(&mut last, digest.finish()) == digest.finish() {
                        continue;
                    }
                    let config = world.config_of_start();
                    recoveries.configure(config);
                    let name = &config.appendfilename;
                    for file in possibilities(disk, name, Failure::PowerCut, model, limits) {
                        recoveries.begin(&file.front);
                        for tail in &file.tails {
                            compare(&mut recoveries, &file.front, &tail.bytes, config);
                            images += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(images > 3_000, "{images}");
}

/// A log with everything that a loader cares for.
fn log() -> Vec<u8> {
    let lines: [&[&[u8]]; 12] = [
        &[b"SELECT", b"0"],
        &[b"SET", b"a", b"\0\0"],
        &[b"MULTI"],
        &[b"INCR", b"n"],
        &[b"SELECT", b"3"],
        &[b"RPUSH", b"l", b"x", b"y"],
        &[b"EXEC"],
        &[b"SET", b"b", b""],
        &[b"MULTI"],
        &[b"DEL", b"b"],
        &[b"EXEC"],
        &[b"SET", b"c", b"*1\r\n$8\r\nFLUSHALL\r\n"],
    ];
    let mut log = Vec::new();
    lines.iter().for_each(|line| encode_command(line, &mut log));
    log
}

/// Every front, and behind it: every rest, zeros instead, the rest with one byte changed, and
/// what no client ever sent.
#[test]
fn every_damage_behind_every_front_recovers_as_the_loader_has_it() {
    let log = log();
    for profile in ProfileName::ALL {
        for load_truncated in [true, false] {
            let config = config_of(profile, load_truncated);
            let mut recoveries = Recoveries::new(1, usize::MAX);
            recoveries.configure(&config);
            for at in 0..=log.len() {
                let (front, rest) = log.split_at(at);
                recoveries.begin(&Arc::new(front.to_vec()));
                let mut ends: Vec<Vec<u8>> = vec![Vec::new(), rest.to_vec(), vec![0; rest.len()]];
                ends.push(rest[..rest.len() / 2].to_vec());
                ends.push([&rest[..rest.len() / 3], &[0; 7][..]].concat());
                ends.push([&rest[..rest.len() / 3], &[0; 7], rest].concat());
                ends.extend(
                    [&b"EXEC\r\n"[..], b"*1\r\n$5\r\nMULTI\r\n", b"*2\r\n$4\r\nNOPE\r\n$1"]
                        .map(<[u8]>::to_vec),
                );
                let mut changed = rest.to_vec();
                if let Some(byte) = changed.get_mut(at % 23) {
                    *byte ^= 0x15;
                    ends.push(changed);
                }
                for end in ends {
                    compare(&mut recoveries, front, &end, &config);
                }
            }
        }
    }
}

/// A front that is damaged itself, and fronts that are not each other's beginning.
#[test]
fn fronts_may_be_damaged_and_may_change() {
    let log = log();
    for profile in ProfileName::ALL {
        let config = config_of(profile, true);
        let mut recoveries = Recoveries::new(1, 3);
        recoveries.configure(&config);
        for at in 0..log.len() {
            for byte in [0, b'*', log[at] ^ 1] {
                let mut front = log.clone();
                front[at] = byte;
                recoveries.begin(&Arc::new(front.clone()));
                compare(&mut recoveries, &front, b"", &config);
                compare(&mut recoveries, &front, b"\0\0\0", &config);
                compare(&mut recoveries, &front, b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n", &config);
            }
        }
    }
}

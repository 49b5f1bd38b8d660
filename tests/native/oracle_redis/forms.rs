//! The log of the same workload, written by two servers: record by record the same, apart from
//! what is known to differ between Redis 6.2, whose form ours is, and 7.0, which is here.

use aof_tests::records::Record;
use aof_tests::workload::SHORT_LIVED_DATABASE;

use super::compare::TOLERANCE_MS;

/// A record, and whether it belongs to the same transaction as the one before it.
struct Placed {
    record: Record,
    transaction: Option<usize>,
}

/// The records without MULTI and EXEC (7.0 writes none around a single change), but with the
/// transaction that each belongs to. SELECT is gone already: 7.0 writes it inside MULTI, 6.2
/// before.
fn placed(records: Vec<Record>) -> Result<Vec<Placed>, String> {
    let mut placed = Vec::new();
    let mut open: Option<usize> = None;
    let mut count = 0;
    for record in records {
        if record.is("MULTI") {
            if open.is_some() {
                return Err("MULTI inside MULTI".to_owned());
            }
            count += 1;
            open = Some(count);
        } else if record.is("EXEC") {
            if open.take().is_none() {
                return Err("EXEC without MULTI".to_owned());
            }
        } else if record.database != SHORT_LIVED_DATABASE {
            placed.push(Placed { record, transaction: open });
        }
    }
    if open.is_some() {
        return Err("an open MULTI at the end".to_owned());
    }
    Ok(placed)
}

/// Compares the two logs. Returns how many FLUSHDB of an empty database only 7.0 wrote.
///
/// # Errors
/// At the first record that differs: what differs.
pub(crate) fn compare(ours: Vec<Record>, theirs: Vec<Record>) -> Result<u32, String> {
    let (ours, theirs) = (placed(ours)?, placed(theirs)?);
    let mut empty_flushes = 0;
    let mut their_records = theirs.iter();
    let mut before: Option<(&Placed, &Placed)> = None;
    for (number, our) in ours.iter().enumerate() {
        let their = loop {
            let Some(their) = their_records.next() else {
                return Err(format!("log record {number}: only aofd has {:?}", our.record));
            };
            // 7.0 logs FLUSHDB of an empty database; 6.2 logs nothing that changed nothing.
            if their.record.is("FLUSHDB") && !our.record.is("FLUSHDB") {
                empty_flushes += 1;
                continue;
            }
            break their;
        };
        if !same_record(&our.record, &their.record) {
            return Err(format!(
                "log record {number}:\n  aofd  {:?}\n  Redis {:?}",
                our.record, their.record
            ));
        }
        if let Some((our_before, their_before)) = before {
            let joined = |this: &Placed, last: &Placed| {
                this.transaction.is_some() && this.transaction == last.transaction
            };
            if joined(our, our_before) != joined(their, their_before) {
                return Err(format!(
                    "log record {number}, {:?}: in one transaction with the record before: \
                     aofd {}, Redis {}",
                    our.record,
                    joined(our, our_before),
                    joined(their, their_before)
                ));
            }
        }
        before = Some((our, their));
    }
    for their in their_records {
        if !their.record.is("FLUSHDB") {
            return Err(format!("only Redis's log has {:?}", their.record));
        }
        empty_flushes += 1;
    }
    Ok(empty_flushes)
}

/// The same words; absolute times, which come from two clocks, within the tolerance.
fn same_record(ours: &Record, theirs: &Record) -> bool {
    if ours == theirs {
        return true;
    }
    let timed = |at: usize| {
        (ours.is("SET") && at == 4 && ours.words[3] == b"PXAT") || (ours.is("PEXPIREAT") && at == 2)
    };
    ours.database == theirs.database
        && ours.words.len() == theirs.words.len()
        && ours
            .words
            .iter()
            .zip(&theirs.words)
            .enumerate()
            .all(|(at, (our, their))| our == their || (timed(at) && near(our, their)))
}

fn near(ours: &[u8], theirs: &[u8]) -> bool {
    let number = |word| std::str::from_utf8(word).ok().and_then(|text| text.parse::<u64>().ok());
    match (number(ours), number(theirs)) {
        (Some(ours), Some(theirs)) => ours.abs_diff(theirs) <= TOLERANCE_MS,
        _ => false,
    }
}

/// SELECT stands only where the database changes: never twice in a row, never for the database
/// that is selected already.
///
/// # Panics
/// Where it does not.
pub(crate) fn assert_select_only_where_needed(log: &[u8]) {
    let mut selected: Option<Vec<u8>> = None;
    let mut just_selected = false;
    for (number, words) in aof_tests::records::commands(log).into_iter().enumerate() {
        if words[0] == b"SELECT" {
            assert!(!just_selected, "command {number}: SELECT after SELECT");
            assert_ne!(selected.as_ref(), Some(&words[1]), "command {number}: selected already");
            selected = Some(words[1].clone());
            just_selected = true;
        } else {
            assert!(selected.is_some(), "command {number} comes before the first SELECT");
            just_selected = false;
        }
    }
}

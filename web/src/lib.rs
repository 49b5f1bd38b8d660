//! `Lab`: the engine in its simulated world, for JavaScript.
//!
//! The class below is thin: it reads plain arguments, asks [`lab::Lab`], and hands plain objects
//! back. Every error is a JS `Error` whose `code` says which. The shapes of all objects stand in
//! `types.ts`, which becomes part of the declarations of this module.

use js_sys::{Error, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use aof_core::config::Policy;
use aof_core::explore::risk::Strip;
use aof_core::profile::ProfileName;
use aof_core::sim::bytes::Edits;
use aof_core::sim::crash::DiskModel;

pub mod error;
pub mod lab;
pub mod reply;
pub mod risk;
pub mod show;
pub mod view;

use error::LabError;
use lab::bytes::{Look, Source};
use lab::{BootImage, Options, ScenarioName};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = include_str!("types.ts");

/// Tells the console about a panic, which would otherwise only say "unreachable".
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|information| {
        web_sys::console::error_1(&information.to_string().into());
    }));
}

/// The lab, see `LabApi` in `types.ts`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Lab {
    lab: lab::Lab,
}

#[wasm_bindgen]
impl Lab {
    /// Begins with these options.
    ///
    /// # Errors
    /// `bad-option`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "LabOptions")] options: &JsValue,
    ) -> Result<Lab, JsValue> {
        let options = read_options(options).map_err(thrown)?;
        Ok(Self { lab: lab::Lab::new(options).map_err(thrown)? })
    }

    /// A client sends a line.
    ///
    /// # Errors
    /// `bad-command`, `not-running`, `bad-option`, `too-large`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn submit(&mut self, client: f64, command: &str) -> Result<JsValue, JsValue> {
        let client = whole(client, "client");
        self.then(|lab| lab.submit(client?, command))
    }

    /// One step forward.
    ///
    /// # Errors
    /// `no-such-step`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::step)
    }

    /// One step back.
    ///
    /// # Errors
    /// `no-such-step`.
    #[wasm_bindgen(js_name = stepBack, unchecked_return_type = "Snapshot")]
    pub fn step_back(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::step_back)
    }

    /// To any known step.
    ///
    /// # Errors
    /// `no-such-step`, `bad-option`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn seek(&mut self, step: f64) -> Result<JsValue, JsValue> {
        let step = whole(step, "step");
        self.then(|lab| lab.seek(step?))
    }

    /// Forward to the next step of that kind; stays where it is when there is none.
    ///
    /// # Errors
    /// None of its own.
    #[wasm_bindgen(js_name = runUntil, unchecked_return_type = "Snapshot")]
    pub fn run_until(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "StepFact[\"kind\"]")] kind: &str,
    ) -> Result<JsValue, JsValue> {
        self.then(|lab| {
            lab.run_until(kind);
            Ok(())
        })
    }

    /// Lets simulated time pass.
    ///
    /// # Errors
    /// `not-running`, `too-large`, `bad-option`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn wait(&mut self, millis: f64) -> Result<JsValue, JsValue> {
        let millis = whole(millis, "millis");
        self.then(|lab| lab.wait(millis?))
    }

    /// Something is wrong with the disk from now on.
    ///
    /// # Errors
    /// `bad-option`, `not-running`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn fault(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "FaultName")] name: &str,
    ) -> Result<JsValue, JsValue> {
        self.then(|lab| lab.fault(name))
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// `not-running`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn kill(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::kill)
    }

    /// `kill -9` of the rewrite child.
    ///
    /// # Errors
    /// `not-running`.
    #[wasm_bindgen(js_name = killChild, unchecked_return_type = "Snapshot")]
    pub fn kill_child(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::kill_child)
    }

    /// The power plug.
    ///
    /// # Errors
    /// `not-running`.
    #[wasm_bindgen(js_name = cutPower, unchecked_return_type = "Snapshot")]
    pub fn cut_power(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::cut_power)
    }

    /// Starts the server from a file of this length, or from the worst or the best.
    ///
    /// # Errors
    /// `not-crashed`, `no-such-image`, `bad-option`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn boot(
        &mut self,
        #[wasm_bindgen(
            unchecked_param_type = "number | \"worst\" | \"best\" | { example: number }"
        )]
        image: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let image = read_image(image);
        self.then(|lab| lab.boot(&image?))
    }

    /// The length nearest to this one that a disk may have now; `null` while the server runs.
    ///
    /// # Errors
    /// `bad-option`.
    #[wasm_bindgen(js_name = lengthNear, unchecked_return_type = "number | null")]
    pub fn length_near(&self, bytes: f64) -> Result<JsValue, JsValue> {
        let bytes = whole(bytes, "bytes").map_err(thrown)?;
        plain(&self.lab.length_near(bytes))
    }

    /// Starts the server from a file after it was edited.
    ///
    /// # Errors
    /// `not-crashed`, `no-such-image`, `too-large`, `bad-option`.
    #[wasm_bindgen(js_name = bootEdited, unchecked_return_type = "Snapshot")]
    pub fn boot_edited(
        &mut self,
        #[wasm_bindgen(
            unchecked_param_type = "\"log\" | \"worst\" | \"best\" | { example: number }"
        )]
        source: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "BytesLook")] look: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let read = read_source(source).and_then(|source| Ok((source, read_look(look)?)));
        self.then(|lab| {
            let (source, look) = read?;
            lab.boot_edited(&source, &look)
        })
    }

    /// Back to the moment before the failure.
    ///
    /// # Errors
    /// `not-crashed`.
    #[wasm_bindgen(js_name = undoCrash, unchecked_return_type = "Snapshot")]
    pub fn undo_crash(&mut self) -> Result<JsValue, JsValue> {
        self.then(lab::Lab::undo_crash)
    }

    /// Looks at another branch.
    ///
    /// # Errors
    /// `no-such-branch`, `bad-option`.
    #[wasm_bindgen(js_name = selectBranch, unchecked_return_type = "Snapshot")]
    pub fn select_branch(&mut self, id: f64) -> Result<JsValue, JsValue> {
        let id = whole(id, "branch");
        self.then(|lab| lab.select_branch(id?))
    }

    /// The same inputs under other settings, as a new branch at the same moment.
    ///
    /// # Errors
    /// `bad-option`, `bad-aof`, `too-large`.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn configure(
        &mut self,
        #[wasm_bindgen(
            unchecked_param_type = "{ policy?: Policy; profile?: ProfileName; diskModel?: DiskModel }"
        )]
        options: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let read = read_settings(options);
        self.then(|lab| {
            let (policy, profile, model) = read?;
            lab.configure(policy, profile, model)
        })
    }

    /// One look at everything.
    ///
    /// # Errors
    /// When a number does not fit into JavaScript's.
    #[wasm_bindgen(unchecked_return_type = "Snapshot")]
    pub fn snapshot(&mut self) -> Result<JsValue, JsValue> {
        plain(&self.lab.snapshot())
    }

    /// The scrubber.
    ///
    /// # Errors
    /// When a number does not fit into JavaScript's.
    #[wasm_bindgen(unchecked_return_type = "Timeline")]
    pub fn timeline(&self) -> Result<JsValue, JsValue> {
        plain(&self.lab.timeline())
    }

    /// The bytes of a file, edited, with what the loader makes of them.
    ///
    /// # Errors
    /// `not-crashed`, `no-such-image`, `too-large`, `bad-option`.
    #[wasm_bindgen(unchecked_return_type = "BytesView")]
    pub fn bytes(
        &mut self,
        #[wasm_bindgen(
            unchecked_param_type = "\"log\" | \"worst\" | \"best\" | { example: number }"
        )]
        source: &JsValue,
        #[wasm_bindgen(unchecked_param_type = "BytesLook")] look: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let view = read_source(source).and_then(|source| {
            let look = read_look(look)?;
            self.lab.bytes(&source, &look)
        });
        plain(&view.map_err(thrown)?)
    }

    /// Words that can complete a line.
    #[must_use]
    pub fn complete(&self, line: &str) -> Vec<String> {
        self.lab.complete(line)
    }

    /// The log file.
    #[wasm_bindgen(js_name = exportAof)]
    #[must_use]
    pub fn export_aof(&self) -> Uint8Array {
        Uint8Array::from(&*self.lab.export_aof())
    }

    /// A new branch over a log that was brought in.
    ///
    /// # Errors
    /// `too-large`, `bad-aof`.
    #[wasm_bindgen(js_name = importAof, unchecked_return_type = "Snapshot")]
    pub fn import_aof(&mut self, bytes: &Uint8Array) -> Result<JsValue, JsValue> {
        let bytes = taken(bytes, lab::AOF_LIMIT_BYTES, "the log");
        self.then(|lab| lab.import_aof(bytes?))
    }

    /// The run up to here as a trace.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = exportTrace)]
    pub fn export_trace(&self) -> Result<Uint8Array, JsValue> {
        Ok(Uint8Array::from(&*self.lab.export_trace().map_err(thrown)?))
    }

    /// The branch that is looked at, for a [`RiskStrip`] in a worker.
    #[wasm_bindgen(js_name = exportRun)]
    #[must_use]
    pub fn export_run(&self) -> Uint8Array {
        Uint8Array::from(&*self.lab.export_run())
    }

    /// A new branch that follows a recorded run of a server.
    ///
    /// # Errors
    /// `too-large`, `bad-trace`.
    #[wasm_bindgen(js_name = importTrace, unchecked_return_type = "Snapshot")]
    pub fn import_trace(&mut self, bytes: &Uint8Array) -> Result<JsValue, JsValue> {
        let bytes = taken(bytes, lab::TRACE_LIMIT_BYTES, "the trace");
        self.then(|lab| lab.import_trace(&bytes?))
    }

    /// Does something and looks.
    fn then(
        &mut self,
        action: impl FnOnce(&mut lab::Lab) -> Result<(), LabError>,
    ) -> Result<JsValue, JsValue> {
        action(&mut self.lab).map_err(thrown)?;
        self.snapshot()
    }
}

/// What every step of a run would lose, step by step. See `RiskStripApi` in `types.ts`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RiskStrip {
    strip: Strip,
}

#[wasm_bindgen]
impl RiskStrip {
    /// Of the bytes of [`Lab::export_run`].
    ///
    /// # Errors
    /// `bad-option`, `bad-aof`, `too-large`.
    #[wasm_bindgen(constructor)]
    pub fn new(
        run: &Uint8Array,
        #[wasm_bindgen(unchecked_param_type = "DiskModel")] model: &str,
    ) -> Result<RiskStrip, JsValue> {
        let bytes = taken(run, lab::TRACE_LIMIT_BYTES + lab::AOF_LIMIT_BYTES, "the run");
        let bytes = bytes.map_err(thrown)?;
        let unknown = || LabError::BadOption(format!("diskModel cannot be {model:?}"));
        let model = DiskModel::parse(model).ok_or_else(unknown).map_err(thrown)?;
        Ok(Self { strip: risk::strip(&bytes, model).map_err(thrown)? })
    }

    /// The labels of the next steps, at most so many; none at the end of the run.
    ///
    /// # Errors
    /// `bad-option`.
    #[wasm_bindgen(unchecked_return_type = "RiskLabel[]")]
    pub fn next(&mut self, count: f64) -> Result<JsValue, JsValue> {
        let count = whole(count, "count").map_err(thrown)?;
        plain(&risk::labels(&mut self.strip, count))
    }
}

/// A plain object. Numbers from 2^53 on are an error, `None` is `null`.
fn plain<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    value
        .serialize(&serializer)
        .map_err(|error| thrown(LabError::Full(format!("a number is too large: {error}"))))
}

/// The error as JavaScript gets it.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn thrown(error: LabError) -> JsValue {
    let thrown = Error::new(&error.to_string());
    thrown.set_name("LabError");
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().into());
    thrown.into()
}

/// A number that counts something.
fn whole(number: f64, what: &str) -> Result<u64, LabError> {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if number.fract() == 0.0 && (0.0..=SAFE).contains(&number) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, not negative and below 2^53"
        )]
        let number = number as u64;
        Ok(number)
    } else {
        Err(LabError::BadOption(format!("{what} must be a whole number, got {number}")))
    }
}

/// The bytes of an array, if there are not too many.
fn taken(bytes: &Uint8Array, limit: usize, what: &'static str) -> Result<Vec<u8>, LabError> {
    let size = bytes.length() as usize;
    if size > limit {
        return Err(LabError::TooLarge { what, size: size as u64, limit: limit as u64 });
    }
    Ok(bytes.to_vec())
}

/// A property of an options object, nothing if it is missing.
fn property(options: &JsValue, name: &str) -> Option<JsValue> {
    if !options.is_object() {
        return None;
    }
    let value = Reflect::get(options, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// A property that is one of some words.
fn word<T>(
    options: &JsValue,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, LabError> {
    let Some(value) = property(options, name) else { return Ok(None) };
    let text = value.as_string().unwrap_or_default();
    match parse(&text) {
        Some(read) => Ok(Some(read)),
        None => Err(LabError::BadOption(format!("{name} cannot be {text:?}"))),
    }
}

type ReadSettings = (Option<Policy>, Option<ProfileName>, Option<DiskModel>);

fn read_settings(options: &JsValue) -> Result<ReadSettings, LabError> {
    Ok((
        word(options, "policy", |text| Policy::parse(text.as_bytes()))?,
        word(options, "profile", |text| ProfileName::parse(text.as_bytes()))?,
        word(options, "diskModel", DiskModel::parse)?,
    ))
}

fn read_options(options: &JsValue) -> Result<Options, LabError> {
    let (policy, profile, disk_model) = read_settings(options)?;
    let scenario = word(options, "scenario", ScenarioName::parse)?;
    let begun = Options::of(scenario.unwrap_or(ScenarioName::Empty));
    let seed = match property(options, "seed") {
        None => begun.seed,
        Some(value) => whole(value.as_f64().unwrap_or(f64::NAN), "seed")?,
    };
    Ok(Options {
        policy: policy.unwrap_or(begun.policy),
        profile: profile.unwrap_or(begun.profile),
        disk_model: disk_model.unwrap_or(begun.disk_model),
        seed,
        scenario: begun.scenario,
    })
}

/// How a file is looked at. Flips are pairs: a place and a mask.
fn read_look(options: &JsValue) -> Result<Look, LabError> {
    let number = |name: &str| {
        property(options, name)
            .map(|value| whole(value.as_f64().unwrap_or(f64::NAN), name))
            .transpose()
    };
    let mut flips = Vec::new();
    let pairs = property(options, "flips").map(|pairs| js_sys::Array::from(&pairs));
    for pair in pairs.iter().flat_map(js_sys::Array::iter) {
        let pair = js_sys::Array::from(&pair);
        let part = |index| whole(pair.get(index).as_f64().unwrap_or(f64::NAN), "a flip");
        let mask = u8::try_from(part(1)?)
            .map_err(|_| LabError::BadOption("a mask is a byte".to_owned()))?;
        flips.push((part(0)?, mask));
    }
    Ok(Look {
        edits: Edits { cut: number("cut")?, flips },
        load_truncated: property(options, "loadTruncated").and_then(|value| value.as_bool()),
        window_from: number("windowFrom")?.unwrap_or(0),
        until: number("until")?,
    })
}

fn read_source(source: &JsValue) -> Result<Source, LabError> {
    if source.as_string().as_deref() == Some("log") {
        return Ok(Source::Log);
    }
    read_image(source).map(Source::Image)
}

fn read_image(image: &JsValue) -> Result<BootImage, LabError> {
    if let Some(group) = property(image, "example").and_then(|group| group.as_f64()) {
        return Ok(BootImage::Example(whole(group, "example")?));
    }
    match (image.as_string().as_deref(), image.as_f64()) {
        (Some("worst"), _) => Ok(BootImage::Worst),
        (Some("best"), _) => Ok(BootImage::Best),
        (_, Some(length)) => Ok(BootImage::Length(whole(length, "image")?)),
        _ => Err(LabError::BadOption(
            "image is a length, \"worst\", \"best\" or { example }".to_owned(),
        )),
    }
}

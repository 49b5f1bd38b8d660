//! `aof completions SHELL`: what a shell needs to complete the commands of this tool.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Prints the completions of this tool for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aof completions bash > ~/.local/share/bash-completion/completions/aof
  aof completions zsh  > ~/.zfunc/_aof      (with ~/.zfunc in $fpath)
  aof completions fish > ~/.config/fish/completions/aof.fish")]
pub struct CompletionsArguments {
    /// Which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
///
/// # Errors
/// If they cannot be printed.
pub fn run(arguments: &CompletionsArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    // Into memory first: the generator panics when its output fails.
    let mut script = Vec::new();
    let mut command = super::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "aof", &mut script);
    out.write_all(&script)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_learns_every_command() {
        for &shell in Shell::value_variants() {
            let mut out = Vec::new();
            run(&CompletionsArguments { shell }, &mut out).expect("printed");
            let script = String::from_utf8(out).expect("text");
            for command in super::super::Arguments::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::super::Arguments::command().debug_assert();
    }
}

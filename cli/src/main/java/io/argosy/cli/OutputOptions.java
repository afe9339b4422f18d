package io.argosy.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** How a command prints; all there is to say to one that needs no cluster. */
class OutputOptions {

    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec command;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "One of: table, json, jsonl, yaml (default: ${DEFAULT-VALUE})")
    private OutputFormat format = OutputFormat.TABLE;

    final CommandSpec root() {
        return command.root();
    }

    final Output output() {
        return new Output(format, command.commandLine().getOut());
    }

    /** What is neither result nor error. */
    final void say(String text) {
        command.commandLine().getErr().println(text);
        command.commandLine().getErr().flush();
    }
}

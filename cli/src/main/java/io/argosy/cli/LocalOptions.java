package io.argosy.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of commands that need no cluster. */
final class LocalOptions {

    @Spec(Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec command;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "One of: table, json, jsonl (default: ${DEFAULT-VALUE})")
    private OutputFormat format = OutputFormat.TABLE;

    Output output() {
        return new Output(format, command.commandLine().getOut());
    }

    void say(String text) {
        command.commandLine().getErr().println(text);
        command.commandLine().getErr().flush();
    }
}

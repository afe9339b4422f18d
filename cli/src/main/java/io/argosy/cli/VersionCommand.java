package io.argosy.cli;

import io.argosy.server.process.ServerVersion;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Mixin;

/** {@code argosy version}. */
@Command(name = "version", description = "Shows the version of this program.", mixinStandardHelpOptions = true)
final class VersionCommand implements Runnable, IVersionProvider {

    @Mixin
    private final OutputOptions common = new OutputOptions();

    @Override
    public String[] getVersion() {
        return new String[] {"argosy " + ServerVersion.current()};
    }

    @Override
    public void run() {
        common.output()
                .one(
                        "Version",
                        Output.object()
                                .put("argosy", ServerVersion.current())
                                .put("java", Runtime.version().toString()),
                        () -> "argosy " + ServerVersion.current() + " (Java " + Runtime.version() + ")"
                                + System.lineSeparator());
    }
}

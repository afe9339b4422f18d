package io.argosy.cli;

import io.argosy.client.ArgosyException;
import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line on the error stream and an exit code. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) throws Exception {
        PrintWriter err = command.getErr();
        Optional<Integer> code = exitCode(failure);
        if (code.isEmpty()) {
            throw failure;
        }
        err.println("argosy: " + failure.getMessage());
        return code.get();
    }

    private static Optional<Integer> exitCode(Exception failure) {
        if (failure instanceof CommandFailure known) {
            return Optional.of(known.exitCode());
        }
        if (failure instanceof ArgosyException.NotReachable) {
            return Optional.of(ExitCodes.NOT_REACHABLE);
        }
        if (failure instanceof ArgosyException.Refused) {
            return Optional.of(ExitCodes.REFUSED);
        }
        return failure instanceof ArgosyException ? Optional.of(ExitCodes.FAILED) : Optional.empty();
    }

    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("argosy: " + failure.getMessage());
        UnmatchedArgumentException.printSuggestions(failure, err);
        CommandSpec spec = command.getCommandSpec();
        err.println("Try '" + spec.qualifiedName() + " --help'.");
        return ExitCodes.USAGE;
    }
}

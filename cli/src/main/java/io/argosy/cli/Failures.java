package io.argosy.cli;

import io.argosy.client.ArgosyException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line on the error stream and an exit code. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {

    private static final Pattern JSON_WANTED = Pattern.compile("(-o=?|--output=)(?i:jsonl?)");

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) throws Exception {
        PrintWriter err = command.getErr();
        Optional<Integer> code = exitCode(failure);
        if (code.isEmpty()) {
            throw failure;
        }
        String message = String.valueOf(failure.getMessage());
        List<String> args = parsed.originalArgs();
        err.println(wantsJson(args) ? Output.error(code.get(), message) : "argosy: " + message);
        return code.get();
    }

    /** From the words themselves: a command line that cannot be parsed has no options yet. */
    private static boolean wantsJson(List<String> args) {
        for (int i = 0; i < args.size(); i++) {
            String arg = args.get(i);
            if ((arg.equals("-o") || arg.equals("--output")) && i + 1 < args.size()) {
                arg = "-o" + args.get(i + 1);
            }
            if (JSON_WANTED.matcher(arg).matches()) {
                return true;
            }
        }
        return false;
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
        // The library says "option" where its own description of the option says it already.
        String message = String.valueOf(failure.getMessage()).replace("option option", "option");
        if (wantsJson(List.of(args))) {
            err.println(Output.error(ExitCodes.USAGE, message));
            return ExitCodes.USAGE;
        }
        err.println("argosy: " + message);
        UnmatchedArgumentException.printSuggestions(failure, err);
        CommandSpec spec = command.getCommandSpec();
        err.println("Try '" + spec.qualifiedName() + " --help'.");
        return ExitCodes.USAGE;
    }
}

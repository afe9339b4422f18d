package io.argosy.server.process;

import io.argosy.server.config.Arguments;
import io.argosy.server.config.Config;
import io.argosy.server.config.ConfigException;
import io.argosy.server.config.ConfigKey;
import io.argosy.server.config.ConfigReference;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server process, from the command line to its end.
 *
 * @param name as on the command line: broker, namesrv
 * @param binder turns the values into something to start; {@code --check} stops behind it, so that all that can be
 *     refused without touching a port or the data belongs here. Throws {@link ConfigException} or {@link StartException}
 */
public record ServerProcess(String name, List<ConfigKey<?>> keys, Function<Config, Starter> binder) {

    private static final Logger log = LoggerFactory.getLogger(ServerProcess.class);

    public ServerProcess {
        keys = List.copyOf(keys);
    }

    /** A server whose configuration was found good. */
    public interface Starter {
        /** Starts everything and returns what stops it again, in order; throws {@link StartException} if it cannot. */
        AutoCloseable start();
    }

    /** Runs until SIGTERM, or exits with an {@link ExitCode} if the start fails. */
    public void run(String[] args) {
        Started started = start(List.of(args), System.getenv(), System.out, System.err);
        if (started.server().isEmpty()) {
            System.exit(started.exitCode().value());
        }
        AutoCloseable server = started.server().get();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server), "shutdown"));
    }

    /** @param server empty if there is nothing to run: help was asked for, or the start failed */
    record Started(ExitCode exitCode, Optional<AutoCloseable> server) {}

    Started start(List<String> args, Map<String, String> environment, PrintStream out, PrintStream err) {
        try {
            Arguments arguments = Arguments.parse(args);
            if (arguments.help()) {
                out.print(usage());
                return ended(ExitCode.OK);
            }
            if (arguments.version()) {
                out.println("argosy " + name + " " + ServerVersion.current());
                return ended(ExitCode.OK);
            }
            Config config = arguments.load(keys, environment);
            Starter starter = binder.apply(config);
            if (arguments.check()) {
                config.all().forEach(out::println);
                out.println("configuration is fine");
                return ended(ExitCode.OK);
            }
            log.info("starting {} version={} java={}", name, ServerVersion.current(), Runtime.version());
            config.changed().forEach(setting -> log.info("setting {}", setting));
            return new Started(ExitCode.OK, Optional.of(starter.start()));
        } catch (ConfigException e) {
            err.println("The " + name + " cannot start, its configuration is not good:");
            e.problems().forEach(problem -> err.println("  " + problem));
            return ended(ExitCode.BAD_CONFIGURATION);
        } catch (StartException e) {
            log.debug("start failed", e);
            err.println("The " + name + " cannot start: " + e.getMessage());
            return ended(e.exitCode());
        } catch (RuntimeException e) {
            log.error("start failed", e);
            return ended(ExitCode.START_FAILED);
        }
    }

    private static Started ended(ExitCode code) {
        return new Started(code, Optional.empty());
    }

    private void stop(AutoCloseable server) {
        log.info("stopping {}", name);
        try {
            server.close();
            log.info("stopped {}", name);
        } catch (Exception e) {
            log.error("stop failed", e);
        }
    }

    private String usage() {
        return "Usage: " + name
                + " [--config FILE] [--check] [--version] [--help] [--KEY=VALUE]... [--set KEY=VALUE]..."
                + "\n\nDefault < file < environment < flag. All keys:\n\n" + ConfigReference.plain(keys);
    }
}

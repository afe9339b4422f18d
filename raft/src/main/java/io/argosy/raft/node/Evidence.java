package io.argosy.raft.node;

import io.argosy.raft.RaftConfig;
import io.argosy.raft.storage.Disk;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a replica leaves behind when it stops because it cannot go on: {@code evidence/<time>} in its data folder. Files:
 * {@code what.txt} (what broke, where), {@code state.txt}, {@code config.txt}, {@code inputs.txt} (the last inputs of the
 * loop). None of them holds message bodies or secrets.
 */
final class Evidence {

    private static final Logger log = LoggerFactory.getLogger(Evidence.class);

    static final String FOLDER = "evidence";

    /** A replica that fails again after each start must not fill the disk; the first bundles tell the most. */
    private static final int BUNDLES_MAX = 16;

    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final Disk disk;
    private final RaftConfig config;

    Evidence(Disk disk, RaftConfig config) {
        this.disk = disk;
        this.config = config;
    }

    /**
     * Writes a bundle; durable on return.
     *
     * @param state lines about what the replica was doing
     * @return its folder, empty if it could not be written, or there are enough
     */
    Optional<Path> write(Instant now, String lane, Throwable cause, String state, String inputs) {
        Path all = config.dataFolder().toAbsolutePath().resolve(FOLDER);
        Path bundle = all.resolve(NAME.format(now));
        try {
            disk.createFolders(all);
            if (disk.list(all).size() >= BUNDLES_MAX) {
                log.warn("there are {} bundles of evidence already, no more are written folder={}", BUNDLES_MAX, all);
                return Optional.empty();
            }
            disk.createFolders(bundle);
            StringWriter what = new StringWriter();
            PrintWriter writer = new PrintWriter(what);
            writer.println("time " + now);
            writer.println("replica " + config.self() + " group " + config.groupName() + " lane " + lane);
            cause.printStackTrace(writer);
            writer.flush();
            write(bundle.resolve("what.txt"), what.toString());
            write(bundle.resolve("state.txt"), state);
            write(bundle.resolve("config.txt"), config.toString().replace(", ", ",\n  "));
            write(bundle.resolve("inputs.txt"), inputs);
            disk.syncFolder(bundle);
            disk.syncFolder(all);
            disk.syncFolder(config.dataFolder().toAbsolutePath());
            return Optional.of(bundle);
        } catch (IOException | RuntimeException e) {
            // The replica stops anyhow, and says why in its log.
            log.error("evidence could not be written folder={}", bundle, e);
            return Optional.empty();
        }
    }

    private void write(Path path, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        try (Disk.DiskFile file = disk.open(path, true)) {
            file.write(new ByteBuffer[] {bytes}, 1, 0);
            file.force();
        }
    }
}

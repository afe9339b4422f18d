package io.argosy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The scripts that run a cluster of their own say what is wrong with an option before they build or start anything. */
@Timeout(60)
class ScriptOptionsTest {

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            failover.sh --rounds 0        | --rounds takes a number from 1 to 10000, not '0'
            failover.sh --rounds 1 --rate | --rate needs a number from 1 to 100000
            failover.sh --fault trouble   | --fault takes kill, pause, disk, transfer or all, not 'trouble'
            failover.sh --client          | --client needs argosy or official
            catchup.sh --mib x            | --mib takes a number from 1 to 1000000, not 'x'
            catchup.sh --mib 99999999999  | --mib takes a number from 1 to 1000000, not '99999999999'
            catchup.sh --dir --trimmed    | --dir needs a folder
            catchup.sh --base-port 80     | --base-port takes a number from 1024 to 65400, not '80'
            catchup.sh --mob 1            | unknown option --mob
            quickstart.sh --messages 0    | --messages takes a number from 1 to 999999999, not '0'
            bench.sh --runs               | --runs needs a number from 1 to 1000000
            """)
    void aWrongOptionEndsWithTwoAndOneLine(String call, String line) throws Exception {
        Path scripts = Path.of("..", "scripts");
        Process process = new ProcessBuilder("bash", "-c", scripts + "/" + call)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(output).isEqualTo(line + "; see scripts/" + call.split(" ", 2)[0] + " --help\n");
        assertThat(process.waitFor()).isEqualTo(2);
    }
}

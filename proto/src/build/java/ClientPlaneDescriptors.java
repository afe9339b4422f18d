import apache.rocketmq.v2.MQService;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes the client plane's descriptors, taken from the published rocketmq-proto artifact, as a descriptor set that
 * protoc generates from. The Java package is rewritten, because rocketmq-client-java carries classes of the original
 * package that do not run beside others on one class path (docs/adr/0003).
 */
final class ClientPlaneDescriptors {

    private static final String JAVA_PACKAGE = "io.argosy.proto.v2";

    public static void main(String[] args) throws Exception {
        Map<String, FileDescriptorProto> files = new LinkedHashMap<>();
        collect(MQService.getDescriptor(), files);
        Path target = Path.of(args[0]);
        Files.createDirectories(target.getParent());
        Files.write(
                target,
                FileDescriptorSet.newBuilder()
                        .addAllFile(files.values())
                        .build()
                        .toByteArray());
    }

    private static void collect(FileDescriptor file, Map<String, FileDescriptorProto> files) {
        for (FileDescriptor dependency : file.getDependencies()) {
            collect(dependency, files);
        }
        FileDescriptorProto proto = file.toProto();
        if (file.getPackage().equals("apache.rocketmq.v2")) {
            proto = proto.toBuilder()
                    .setOptions(proto.getOptions().toBuilder().setJavaPackage(JAVA_PACKAGE))
                    .build();
        }
        files.put(file.getName(), proto);
    }
}

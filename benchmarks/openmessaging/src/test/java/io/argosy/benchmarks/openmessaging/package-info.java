@NullMarked
package io.argosy.benchmarks.openmessaging;

import org.jspecify.annotations.NullMarked;

// Lists the tests that passed only when they were tried again: each is a defect, of the test or of what it tests.
import type { Reporter, TestModule } from "vitest/node";

export default class SecondTryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const flaky = tests.filter((test) => test.diagnostic()?.flaky);
    if (flaky.length === 0) return;
    console.log(`\n${flaky.length} passed at the second try only:`);
    for (const test of flaky) {
      console.log(`  ${test.module.relativeModuleId} > ${test.fullName}`);
      for (const { message } of test.result().errors ?? []) console.log(`    ${message.split("\n")[0]}`);
    }
  }
}

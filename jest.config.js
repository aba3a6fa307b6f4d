const modules = {
  features: 'processing/features',
  models: 'processing/models',
  posts: 'processing/posts',
};
const root = (name) => `<rootDir>/${modules[name] ?? name}/index.ts`;

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  moduleNameMapper: Object.fromEntries([
    ['^#queue/embedded$', '<rootDir>/queue/embedded/index.ts'],
    ['^#queue/kafka$', '<rootDir>/queue/kafka/index.ts'],
    ['^#proto/grpc$', '<rootDir>/proto/grpc/index.ts'],
    ...['proto', 'queue', 'collectors', 'features', 'models', 'posts', 'processing', 'serving', 'app'].map(
      (name) => [`^#${name}$`, root(name)],
    ),
  ]),
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testMatch: ['**/*.test.ts'],
  testTimeout: 60_000,
  maxWorkers: 2,
};

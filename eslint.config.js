import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'proto/gen/', 'coverage/', 'bench/.venv/', 'bench/.cache/', '.foretick/', 'processing/models/mlp/assembly/kernels.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  { files: ['processing/models/mlp/assembly/*.mjs', 'proto/*.mjs'], languageOptions: { globals: { URL: 'readonly', Buffer: 'readonly', process: 'readonly' } } },
  { files: ['deploy/*.mjs'], languageOptions: { globals: { process: 'readonly', fetch: 'readonly', AbortSignal: 'readonly' } } },
  { files: ['app/report/web/**/*.js'], languageOptions: { sourceType: 'script', globals: { document: 'readonly', window: 'readonly', matchMedia: 'readonly', getComputedStyle: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly', uPlot: 'readonly' } } },
  {
    files: ['serving/web/**/*.js'],
    languageOptions: { globals: { document: 'readonly', window: 'readonly', EventSource: 'readonly', fetch: 'readonly', location: 'readonly', requestAnimationFrame: 'readonly', matchMedia: 'readonly', localStorage: 'readonly', setTimeout: 'readonly', setInterval: 'readonly', clearTimeout: 'readonly', clearInterval: 'readonly', getComputedStyle: 'readonly', console: 'readonly' } },
  },
);

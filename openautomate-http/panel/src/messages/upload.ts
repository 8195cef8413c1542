import texts from './en/upload.json';
import { add } from './all';

add({ upload: texts });
